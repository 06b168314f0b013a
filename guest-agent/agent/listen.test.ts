/** Deliveries by `tcp` over real sockets against the host's own session, and callers that mean no good. */
import { encodeGreeting, encodePacketAnswer, frame, FrameReader, toHex } from "@bootseed/protocol";
import { once } from "node:events";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { PushSession, type SessionResult } from "../../hwrng-host/deliver/session.ts";
import { ReceiptKeys } from "../../hwrng-host/guests/receipt-keys.ts";
import { Bench } from "../../hwrng-host/testing/bench.ts";
import { listen } from "./listen.ts";
import { PushedDelivery, StateLock } from "./pushed.ts";
import { enrolledMachine, type TestMachine } from "./testing/machine.ts";

const FOREVER = 60_000;
const nonce = new Uint8Array(16).fill(7);

/** A VM that listens on loopback, and a host it is enrolled at. */
async function listening(deadlineMs: number = FOREVER): Promise<{ bench: Bench; vm: TestMachine; server: Server }> {
  const bench = new Bench();
  const vm = await enrolledMachine(bench);
  const ready = Promise.withResolvers<Server>();
  const limits = { connections: 4, deadlineMs, idleMs: FOREVER };
  void listen(vm.world, vm.stateDir, () => vm.lock(), { host: "127.0.0.1", port: 0 }, limits, ready.resolve);
  const server = await ready.promise;
  onTestFinished(async () => {
    server.close();
    server.unref();
    vm[Symbol.dispose]();
    await bench[Symbol.asyncDispose]();
  });
  return { bench, vm, server };
}

async function dial(server: Server): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** The host's real session over a real socket. */
async function push(bench: Bench, vm: TestMachine, server: Server): Promise<SessionResult> {
  const socket = await dial(server);
  const session = new PushSession(bench.context, new ReceiptKeys(), vm.seedId);
  socket.write(session.greeting());
  for await (const chunk of socket) {
    const { send, end } = await session.take(Uint8Array.from(chunk as Buffer));
    if (send !== undefined) socket.write(send);
    if (end) break;
  }
  socket.destroy();
  return session.result;
}

/** Everything the VM says to a caller that sends these bytes. */
async function saidTo(server: Server, ...frames: Uint8Array[]): Promise<Uint8Array[]> {
  const socket = await dial(server);
  const reader = new FrameReader(65_535);
  const heard: Uint8Array[] = [];
  const closed = once(socket, "close");
  socket.on("data", (chunk: Buffer) => {
    heard.push(...reader.push(Uint8Array.from(chunk)));
    // The VM answered: the next frame, so that none is ahead of it.
    const next = frames.shift();
    if (next === undefined) socket.end();
    else socket.write(next);
  });
  socket.once("end", () => socket.end());
  const first = frames.shift() ?? new Uint8Array(0);
  // Half a frame and no more.
  if (new FrameReader(65_535).push(first).length === 0) socket.end(first);
  else socket.write(first);
  await closed;
  return heard;
}

describe("listen", () => {
  it("takes one delivery after the other, each durable and mixed, and the host has the receipts", async () => {
    const { bench, vm, server } = await listening();
    for (const counter of [1, 2]) {
      expect(await push(bench, vm, server)).toMatchObject({ outcome: "delivered" });
      expect(vm.folder.counter()).toBe(counter);
      expect(vm.folder.notes().last).toMatchObject({ counter, rcMix: 0, rcReseed: 0, receipt: 0 });
      expect(vm.mixed).toHaveLength(counter);
    }
    expect(vm.locks).toEqual({ taken: 2, held: 0 });
  });

  it("proves itself to a host that lost its database", async () => {
    const { bench, vm, server } = await listening();
    bench.restart("lost");
    expect(await push(bench, vm, server)).toMatchObject({ outcome: "delivered" });
  });

  it("takes two at once without its counter going back", async () => {
    const { bench, vm, server } = await listening();
    const results = await Promise.all([push(bench, vm, server), push(bench, vm, server)]);
    const delivered = results.filter(({ outcome }) => outcome === "delivered").length;
    expect(delivered).toBeGreaterThanOrEqual(1);
    expect(vm.mixed).toHaveLength(delivered);
    expect(vm.folder.counter()).toBeGreaterThanOrEqual(delivered);
  });

  it("holds the lock for one at a time, also to count a refusal, without standing still", async () => {
    const { bench, vm, server } = await listening();
    // As flock(1) on a lock that this very process holds: waiting in place would last for ever.
    let most = 0;
    const take = vm.lock.bind(vm);
    vm.lock = () => {
      const unlock = take();
      most = Math.max(most, vm.locks.held);
      return unlock;
    };
    const { kernel } = vm.world;
    const slow = { ...kernel, mixAndReseed: async (hash: Uint8Array) => (await pause(50), kernel.mixAndReseed(hash)) };
    Object.assign(vm.world, { kernel: slow });
    const greeting = frame(encodeGreeting({ hostId: vm.folder.hostId, nonce }));
    const forged = frame(encodePacketAnswer({ statements: [], packet: new Uint8Array(1155).fill(1) }));
    await Promise.all([push(bench, vm, server), push(bench, vm, server), saidTo(server, greeting, forged)]);
    expect(most).toBe(1);
    expect(vm.locks).toEqual({ taken: vm.locks.taken, held: 0 });
    expect(vm.folder.notes()).toMatchObject({ "bad-signature": 1 });
    expect(vm.locks.taken).toBeGreaterThanOrEqual(4);
  });

  it("refuses the older of two packets that are under way when the newer was taken first", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    const keys = new ReceiptKeys();
    const [first, second] = [1, 2].map(() => ({
      host: new PushSession(bench.context, keys, vm.seedId),
      guest: new PushedDelivery(vm.world, vm.stateDir, new StateLock(() => vm.lock())),
    }));
    if (first === undefined || second === undefined) throw new Error("expected two");
    const packets: Uint8Array[] = [];
    for (const { host, guest } of [first, second]) {
      const { send: hello } = await guest.take(host.greeting());
      packets.push((await host.take(hello ?? new Uint8Array(0))).send ?? new Uint8Array(0));
    }
    const [older, newer] = packets;
    expect(await second.guest.take(newer ?? new Uint8Array(0))).toMatchObject({ end: true, send: expect.anything() });
    expect(await first.guest.take(older ?? new Uint8Array(0))).toEqual({ end: true });
    expect(vm.folder.counter()).toBe(2);
    expect(vm.folder.notes()).toMatchObject({ "bad-counter": 1 });
    expect(vm.mixed).toHaveLength(1);
  });

  it("says nothing to whoever greets for an unknown host, with a zero nonce, or with noise", async () => {
    const { vm, server } = await listening();
    const { hostId } = vm.folder;
    const other = Uint8Array.from(hostId, (byte) => byte ^ 1);
    expect(await saidTo(server, frame(encodeGreeting({ hostId: other, nonce })))).toEqual([]);
    expect(await saidTo(server, frame(encodeGreeting({ hostId, nonce: new Uint8Array(16) })))).toEqual([]);
    expect(await saidTo(server, frame(new Uint8Array(23)))).toEqual([]);
    expect(await saidTo(server, frame(encodeGreeting({ hostId, nonce })).slice(0, 20))).toEqual([]);
    expect(vm.mixed).toEqual([]);
    expect(vm.folder.notes()).toEqual({});
  });

  it("mixes nothing from an impostor that greets in a host's name, and counts it", async () => {
    const { vm, server } = await listening();
    const greeting = frame(encodeGreeting({ hostId: vm.folder.hostId, nonce }));
    const forged = frame(encodePacketAnswer({ statements: [], packet: new Uint8Array(1155).fill(1) }));
    expect(await saidTo(server, greeting, forged)).toHaveLength(1);
    expect(vm.mixed).toEqual([]);
    expect(vm.folder.counter()).toBe(0);
    expect(vm.folder.notes()).toEqual({ "bad-signature": 1 });
    expect(vm.locks.held).toBe(0);
  });

  it("shows its proofs once, however often it is refused", async () => {
    const { vm, server } = await listening();
    const greeting = frame(encodeGreeting({ hostId: vm.folder.hostId, nonce }));
    const empty = frame(new Uint8Array(0));
    expect(await saidTo(server, greeting, empty, empty, empty)).toHaveLength(2);
    expect(vm.folder.notes()).toEqual({ "http-403": 1 });
  });

  it("says nothing from the copy of another machine's disk", async () => {
    const { vm, server } = await listening();
    Object.assign(vm.world, { instanceIds: ["another"] });
    expect(await saidTo(server, frame(encodeGreeting({ hostId: vm.folder.hostId, nonce })))).toEqual([]);
  });

  it("refuses an answer that comes before the question", async () => {
    const { vm, server } = await listening();
    const greeting = frame(encodeGreeting({ hostId: vm.folder.hostId, nonce }));
    expect(await saidTo(server, Buffer.concat([greeting, greeting]))).toEqual([]);
  });

  it("ends a caller that stays, and takes the next", async () => {
    const { bench, vm, server } = await listening(500);
    const idle = await Promise.all([1, 2, 3, 4].map(async () => dial(server)));
    await Promise.all(idle.map(async (socket) => once(socket.resume(), "end")));
    for (const socket of idle) socket.destroy();
    expect(await push(bench, vm, server)).toMatchObject({ outcome: "delivered" });
  });

  it("turns the fifth caller away", async () => {
    const { server } = await listening();
    const four = await Promise.all([1, 2, 3, 4].map(async () => dial(server)));
    const fifth = await dial(server);
    await once(fifth.resume(), "end");
    for (const socket of [...four, fifth]) socket.destroy();
  });

  it("ends by itself when nobody comes", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    const limits = { connections: 4, deadlineMs: 100, idleMs: 10 };
    await listen(vm.world, vm.stateDir, () => vm.lock(), { host: "127.0.0.1", port: 0 }, limits);
    expect(toHex(vm.folder.hostId)).toHaveLength(16);
  });
});
