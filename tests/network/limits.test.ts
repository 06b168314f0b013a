import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GuestProcess } from "../loopback/guest-process.ts";
import { HostProcess } from "../loopback/host-process.ts";
import { KIT_PYTHON } from "../loopback/kit-python.ts";
import { holdOpen } from "./slow-clients.ts";

const MIB = 1024 * 1024;
const PATHS = ["claims", "joins", "reports", "packets", "receipts", "statements"];

async function dial(port: number): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

/** The whole answer as it comes over TLS, but for the date. */
async function answer(port: number, path: string, body: Uint8Array): Promise<string> {
  const socket = await dial(port);
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  const head = `POST /v1/${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
  socket.write(Buffer.concat([Buffer.from(head), body]));
  await once(socket, "close");
  return text.replace(/date: .*\r\n/i, "");
}

/** Sends a body of 100 MB until the host has had enough. @returns status and what the sender got rid of, in MiB */
async function flood(port: number, framing: "content-length" | "chunked"): Promise<{ status: string; sent: number }> {
  const socket = await dial(port);
  let text = "";
  const answered = Promise.withResolvers<undefined>();
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    answered.resolve(undefined);
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const how = framing === "chunked" ? "transfer-encoding: chunked" : `content-length: ${100 * MIB}`;
  socket.write(`POST /v1/packets HTTP/1.1\r\nhost: x\r\n${how}\r\n\r\n`);
  // A length says it all: the answer is there before the body.
  if (framing === "content-length") await Promise.race([answered.promise, closed]);
  const piece = Buffer.alloc(65_536, 1);
  const chunk = Buffer.concat([Buffer.from("10000\r\n"), piece, Buffer.from("\r\n")]);
  let sent = 0;
  while (sent < 100 * MIB && socket.writable) {
    // Lets an answer in before the next piece: the host does not wait for the rest.
    await new Promise((resolve) => setImmediate(resolve));
    if (text !== "") break;
    sent += piece.length;
    if (socket.write(framing === "chunked" ? chunk : piece)) continue;
    const drained = Promise.withResolvers<undefined>();
    socket.once("drain", () => drained.resolve(undefined));
    await Promise.race([drained.promise, closed]);
  }
  socket.end();
  await closed;
  return { status: text.split("\r\n")[0] ?? "", sent: sent / MIB };
}

/** Highest resident memory so far, of a process (proc(5), VmHWM). */
function peakMiB(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

describe.skipIf(!KIT_PYTHON)("the guests' listener of a running host", () => {
  let host: HostProcess;
  let guest: GuestProcess;

  beforeAll(async () => {
    host = await HostProcess.make();
    await host.start({});
    const seed = await host.mint("web-1");
    await host.created(seed, "1");
    guest = new GuestProcess("1", seed.file);
    expect((await guest.kit("hook")).output).toContain("/v1/claims 200");
  });
  afterAll(async () => {
    guest[Symbol.dispose]();
    await host[Symbol.asyncDispose]();
  });

  it("closes 500 slow connections by its own deadline, and serves meanwhile", { timeout: 120_000 }, async () => {
    const began = performance.now();
    const held = holdOpen(host.port, 500);
    expect(await guest.kit("topup")).toMatchObject({ code: 0 });
    const open = held.filter(({ socket }) => !socket.closed).length;
    const last = new Map<string, string>();
    const closings = held.map(async ({ closed, manner }) => {
      await closed;
      last.set(manner, ((performance.now() - began) / 1000).toFixed(1));
    });
    // Whoever is still there after three deadlines is named.
    const patience = new Promise((resolve) => setTimeout(resolve, 30_000));
    await Promise.race([Promise.all(closings), patience]);
    const left = new Set(held.flatMap(({ socket, manner }) => (socket.closed ? [] : [manner])));
    process.stdout.write(`500 slow connections: ${open} open while a VM was served; last closed after s: `);
    process.stdout.write(`${JSON.stringify(Object.fromEntries(last))}\n`);
    for (const { socket } of held) socket.destroy();
    expect([...left]).toEqual([]);
    expect(open).toBeGreaterThan(400);
  });

  it("answers 413 to 200 bodies of 100 MB, and reads none of them", { timeout: 120_000 }, async () => {
    // What so many connections cost by themselves is not what is asked here.
    await Promise.all(Array.from({ length: 50 }, async () => answer(host.port, "packets", new Uint8Array(65_536))));
    const before = peakMiB(host.pid);
    const floods: { status: string; sent: number }[] = [];
    for (let i = 0; i < 10; i++) {
      const framings = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? "chunked" : "content-length"));
      floods.push(...(await Promise.all(framings.map(async (framing) => flood(host.port, framing)))));
    }
    // Who still sends chunks when the host closes may be cut off (a reset) before the answer is read.
    const told = floods.filter(({ status }) => status === "HTTP/1.1 413 Payload Too Large").length;
    expect(floods.filter(({ status }) => status === "").length).toBe(200 - told);
    expect(told).toBeGreaterThanOrEqual(100);
    const grown = peakMiB(host.pid) - before;
    const sent = Math.max(...floods.map((flooded) => flooded.sent));
    process.stdout.write(
      `200 bodies of 100 MB: ${told} times 413, at most ${sent} MiB taken, peak memory + ${grown.toFixed(1)} MiB\n`,
    );
    expect(grown).toBeLessThan(50);
    expect(sent).toBeLessThan(20);
  });

  it("gives one identical answer to everything that proves nothing", { timeout: 60_000 }, async () => {
    const [certificate, statement] = [guest.state("certificate"), guest.state("statement")];
    const unproven = [0, 1, 16, 58, 126, 129, 200, 1000].map((length) => randomBytes(length));
    // Of the right shape: version, suite and a known VM's seedId, and no signature.
    const hello = Buffer.concat([Buffer.of(1, 1), (certificate ?? Buffer.alloc(0)).subarray(9, 25), randomBytes(108)]);
    unproven.push(Buffer.concat([hello, Buffer.alloc(3)]), Buffer.concat([hello, statement ?? Buffer.alloc(0)]));
    const answers = new Set<string>();
    for (const path of PATHS) for (const body of unproven) answers.add(await answer(host.port, path, body));
    expect([...answers]).toEqual([expect.stringMatching(/^HTTP\/1\.1 403 Forbidden\r\n[^{]*\r\n\r\n(?:0\r\n\r\n)?$/)]);
  });
});
