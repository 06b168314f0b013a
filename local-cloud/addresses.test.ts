import net from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { canListen, defaultSshPort, freeNumber } from "./addresses.ts";
import { addressOf, macOf } from "./droplet.ts";

const servers: net.Server[] = [];
const occupy = async (host: string): Promise<number> => {
  const server = net.createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return (server.address() as net.AddressInfo).port;
};
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe("freeNumber", () => {
  it("rises, skips what is taken, and starts again after the last", async () => {
    expect(await freeNumber(0, new Set(), 0)).toBe(1);
    expect(await freeNumber(1, new Set([2, 3]), 0)).toBe(4);
    expect(await freeNumber(254, new Set([1]), 0)).toBe(255);
    expect(await freeNumber(254 * 255, new Set([1]), 0)).toBe(2);
  });

  it.each([
    [1, "127.77.0.1", "52:54:00:77:00:01"],
    [254, "127.77.0.254", "52:54:00:77:00:fe"],
    [255, "127.77.1.1", "52:54:00:77:00:ff"],
    [254 * 255, "127.77.254.254", "52:54:00:77:fd:02"],
  ])("%i is %s", (number, address, mac) => {
    expect([addressOf(number), macOf(number)]).toEqual([address, mac]);
  });

  it("skips an address whose port another program has", async () => {
    const port = await occupy("127.77.0.200");
    expect(await canListen("127.77.0.200", port)).toBe(false);
    expect(await freeNumber(199, new Set(), port)).toBe(201);
  });

  it("says what to do when something listens on all addresses", async () => {
    const port = await occupy("0.0.0.0");
    await expect(freeNumber(0, new Set(), port)).rejects.toThrow(`port ${port} free`);
  });
});

describe("defaultSshPort", () => {
  it("stays at 22 when another cloud's droplets have their addresses, and leaves it when it may not listen there", async () => {
    const otherCloud = async (host: string): Promise<boolean> => !host.startsWith("127.77.0.");
    expect(await defaultSshPort(otherCloud)).toBe(22);
    expect(await defaultSshPort(async () => false)).toBe(2222);
  });
});
