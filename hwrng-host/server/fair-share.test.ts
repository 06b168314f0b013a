import { once } from "node:events";
import { connect, createServer, Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { boundPort } from "./bound-port.ts";
import { FairShare } from "./fair-share.ts";

const MAX = 20;
const share = new FairShare(MAX);
const server = createServer((socket) => {
  socket.on("error", () => undefined);
  if (share.admit(socket)) socket.write("!");
});
const clients: Socket[] = [];

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  for (const client of clients) client.destroy();
  server.close();
});

/** @returns the connection, once it is served or closed */
async function from(address: string): Promise<Socket> {
  const client = connect({ port: boundPort(server), host: "127.0.0.1", localAddress: address });
  clients.push(client);
  client.on("error", () => undefined);
  await Promise.race([once(client, "data"), once(client, "close")]);
  return client;
}

it("a full house takes a newcomer in, at the cost of whoever takes most of it", async () => {
  const greedy = [];
  for (let i = 0; i < MAX; i++) greedy.push(await from("127.0.0.2"));
  expect(greedy.every(({ closed }) => !closed)).toBe(true);
  expect((await from("127.0.0.2")).closed).toBe(true);

  const others = [];
  for (const address of ["127.0.0.3", "127.0.0.4", "127.0.0.3"]) others.push(await from(address));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(others.every(({ closed }) => !closed)).toBe(true);
  // The oldest ones went.
  expect(greedy.map(({ closed }) => closed)).toEqual(greedy.map((_, i) => i < 3));
});

it("whoever left makes room", async () => {
  const [first] = clients.filter(({ closed }) => !closed);
  first?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await from("127.0.0.2")).closed).toBe(false);
});

it("an IPv6 network counts as one, an IPv4 address by itself", () => {
  const house = new FairShare(2);
  const comes = (remoteAddress: string): boolean => {
    const socket = new Socket();
    Object.defineProperty(socket, "remoteAddress", { value: remoteAddress });
    return house.admit(socket);
  };
  expect([comes("2001:db8::1"), comes("2001:db8::2:3:4:5")]).toEqual([true, true]);
  expect(comes("2001:db8:0:0:ffff::")).toBe(false);
  expect([comes("::ffff:192.0.2.1"), comes("::ffff:192.0.2.2")]).toEqual([true, false]);
});
