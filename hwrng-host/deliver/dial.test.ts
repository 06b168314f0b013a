import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { damage } from "../../protocol/testing/mutations.ts";
import { boundPort } from "../server/bound-port.ts";
import { ReceiptKeys } from "../guests/receipt-keys.ts";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";
import { freePort } from "../../tools/free-port.ts";
import type { TestGuest } from "../testing/guest.ts";
import { type Manners, TcpGuest } from "../testing/tcp-guest.ts";
import { type DialResult, type Dialer, dial } from "./dial.ts";
import { PushSession } from "./session.ts";

const EMPTY = new Uint8Array(0);
/** A deadline beyond that of the test itself: whoever waits for it fails. */
const NEVER_MS = 600_000;

async function enrolled(host: Bench): Promise<TestGuest> {
  const guest = await host.guest();
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  return guest;
}

async function push(host: Bench, seedId: Uint8Array, port: number, change: Partial<Dialer> = {}): Promise<DialResult> {
  const dialer = { port, permits: () => true, ...change };
  const keys = new ReceiptKeys();
  return dial(dialer, `127.0.0.1:${port}`, () => new PushSession(host.context, keys, seedId));
}

/** One delivery to a VM with these manners. */
async function deliver(host: Bench, guest: TestGuest, manners: Manners = {}): Promise<[DialResult, TcpGuest]> {
  await using vm = await TcpGuest.listen(guest, manners);
  return [await push(host, guest.seedId, vm.port, { deadlineMs: 2000 }), vm];
}

describe("a delivery by tcp", () => {
  it("goes from greeting to receipt", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    for (const counter of [1, 2]) {
      const [result, vm] = await deliver(host, guest);
      expect([result.outcome, vm.opened]).toEqual(["delivered", 1]);
      expect(await host.vm()).toMatchObject({ topUps: counter, lastTopUp: { counter, rcMix: 0, rcReseed: 0 } });
    }
  });

  it("comes through in single bytes too", async () => {
    await using host = new Bench();
    const [result] = await deliver(host, await enrolled(host), { dribble: true });
    expect(result.outcome).toBe("delivered");
  });

  it("is delivered, though nobody says so, when the receipt is lost or wrong", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const wrong = (right: Uint8Array): Uint8Array => right.with(41, (right[41] ?? 0) ^ 1);
    expect((await deliver(host, guest, { receipt: () => null }))[0]).toMatchObject({ outcome: "unacknowledged" });
    const [result] = await deliver(host, guest, { receipt: wrong });
    expect(result).toMatchObject({ outcome: "unacknowledged", code: "bad-mac" });
    expect(await host.vm()).toMatchObject({ topUps: 2, lastTopUp: { receiptAt: null } });
  });

  it("counts what left although the guest hung up right after its hello", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const [result] = await deliver(host, guest, { hangUp: true });
    expect(result.outcome).toBe("unacknowledged");
    expect(await host.vm()).toMatchObject({ topUps: 1, lastTopUp: { receiptAt: null } });
  });

  it("takes a VM back by its certificate after the database was lost", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    host.restart("lost");
    const [result, vm] = await deliver(host, guest, { proof: true });
    expect([result.outcome, vm.received[0]?.map(({ length }) => length > 0)]).toEqual(["delivered", [false, true]]);
  });

  it("says of a full quota what it says of everything, and remembers that the VM was there", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await deliver(host, guest);
    await deliver(host, guest);
    const [result, vm] = await deliver(host, guest, { proof: true });
    expect(result).toMatchObject({ outcome: "limited" });
    expect(vm.received).toEqual([[EMPTY, EMPTY]]);
  });

  it("waits for the source: nothing sent, no counter spent", async () => {
    await using host = new Bench({ samples: noise(1024 + 4 * 80) });
    const [result, vm] = await deliver(host, await enrolled(host));
    expect([result.outcome, vm.received]).toEqual(["postponed", [[]]]);
    expect(await host.vm()).toMatchObject({ topUps: 0 });
  });
});

describe("a guest that proves nothing", () => {
  it("learns nothing: every bit flip and truncation gets the same empty frame", { timeout: 60_000 }, async () => {
    await using host = new Bench({ samples: noise(1024 + 5 * 80) });
    const guest = await enrolled(host);
    const seen = new Set<string>();
    let step = 0;
    for (const { what, bytes } of damage(guest.hello().subarray(0, 126))) {
      if (step++ % 9 !== 0) continue;
      const session = new PushSession(host.context, new ReceiptKeys(), guest.seedId);
      guest.nonce = session.greeting().slice(10);
      const answer = await session.take(Uint8Array.of(bytes.length >> 8, bytes.length & 255, ...bytes));
      expect([what, session.result.outcome]).toEqual([what, "failed"]);
      seen.add(JSON.stringify(answer));
    }
    expect([...seen]).toEqual([JSON.stringify({ send: new Uint8Array(2), end: false })]);
    expect(await host.vm()).toMatchObject({ topUps: 0 });
    // The one block that is left is still there for the right hello.
    expect((await deliver(host, guest))[0].outcome).toBe("delivered");
  });

  it("is another VM of the same host", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const other = await host.guest("first-claim", "4712", "urn:other");
    other.enrol((await host.send("/v1/claims", other.claim())).bytes);
    await using vm = await TcpGuest.listen(other, { proof: true });
    expect((await push(host, guest.seedId, vm.port)).outcome).toBe("failed");
    expect([vm.opened, vm.received]).toEqual([0, [[EMPTY, EMPTY]]]);
  });

  it("replays a hello of an earlier connection", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    let first: Uint8Array | null = null;
    const hello = (right: Uint8Array): Uint8Array => (first ??= right);
    expect((await deliver(host, guest, { hello }))[0].outcome).toBe("delivered");
    expect((await deliver(host, guest, { hello }))[0]).toMatchObject({ outcome: "failed", code: "bad-signature" });
    expect(await host.vm()).toMatchObject({ topUps: 1 });
  });

  it("sends a frame that is too long, or frames ahead", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const [long, vm] = await deliver(host, guest, { hello: () => new Uint8Array(4097) });
    expect([long.code, vm.received]).toEqual(["too-long", [[]]]);
    const session = new PushSession(host.context, new ReceiptKeys(), guest.seedId);
    const twice = await session.take(new Uint8Array(4));
    expect([twice, session.result.outcome]).toEqual([{ end: true }, "failed"]);
  });

  it("shows another hello with its certificate than before", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    host.restart("lost");
    const session = new PushSession(host.context, new ReceiptKeys(), guest.seedId);
    guest.nonce = session.greeting().slice(10);
    const send = async (message: Uint8Array): Promise<object> =>
      session.take(Uint8Array.of(message.length >> 8, message.length & 255, ...message));
    expect(await send(guest.hello().subarray(0, 126))).toEqual({ send: new Uint8Array(2), end: false });
    expect(await send(guest.hello({ proof: true }))).toEqual({ end: true });
    expect([session.result.outcome, await host.vm()]).toEqual(["failed", undefined]);
  });

  it("says nothing: the connection ends by the host's own deadline", async () => {
    await using host = new Bench();
    const [result, vm] = await deliver(host, await enrolled(host), { silent: true });
    expect([result.outcome, vm.connections]).toEqual(["failed", 1]);
  });

  it("keeps the connection open after the receipt: that too ends, long before the deadline", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await using vm = await TcpGuest.listen(guest, { halfOpen: true });
    const result = await push(host, guest.seedId, vm.port, { deadlineMs: NEVER_MS });
    expect(result.outcome).toBe("delivered");
  });

  it("floods after the last word: that ends it, and is read no further", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const junk = Buffer.alloc(65_536, 0xff);
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      const flood = setInterval(() => socket.write(junk), 1);
      socket.once("close", () => clearInterval(flood));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const result = await push(host, guest.seedId, boundPort(server), { deadlineMs: NEVER_MS });
    expect(result).toMatchObject({ outcome: "failed", code: "too-long" });
    expect(host.context.refusals.counts()).toEqual({ "tcp.too-long": 1 });
    server.close();
  });
});

describe("dialling", () => {
  const never = (): never => expect.unreachable("nobody may be dialled");

  it("counts a refused connection as a failed handshake, and silence as nobody there", async () => {
    await using host = new Bench();
    const port = await freePort();
    expect(await push(host, new Uint8Array(16), port)).toMatchObject({ outcome: "failed", code: "ECONNREFUSED" });
    const dialer = { port: 9, permits: () => true, resolve: async () => Promise.reject(new Error("ENOTFOUND")) };
    expect(await dial(dialer, "nowhere.invalid:9", never)).toMatchObject({ outcome: "unreachable", code: "name" });
    const slow = { ...dialer, deadlineMs: 50, resolve: async () => new Promise<never>(() => undefined) };
    expect(await dial(slow, "slow.invalid:9", never)).toMatchObject({ outcome: "unreachable", code: "name" });
  });

  it("dials the configured port only", async () => {
    await using host = new Bench();
    const vm = await TcpGuest.listen(await enrolled(host));
    const dialer = { port: vm.port + 1, permits: () => true };
    expect(await dial(dialer, `127.0.0.1:${vm.port}`, never)).toMatchObject({ outcome: "forbidden", code: "port" });
    expect(vm.connections).toBe(0);
    await vm[Symbol.asyncDispose]();
  });

  it("resolves a name once, and dials the address that was checked", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await using vm = await TcpGuest.listen(guest);
    let asked = 0;
    // The second answer would be another one: a name that changes its mind between check and use.
    const resolve = async (): Promise<string[]> => Promise.resolve(asked++ === 0 ? ["::1", "127.0.0.1"] : ["::1"]);
    const checked: string[] = [];
    const permits = (address: string): boolean => checked.push(address) > 0 && address === "127.0.0.1";
    const session = (): PushSession => new PushSession(host.context, new ReceiptKeys(), guest.seedId);
    const result = await dial({ port: vm.port, permits, resolve }, `vm.example:${vm.port}`, session);
    expect([result.outcome, asked, checked]).toEqual(["delivered", 1, ["::1", "127.0.0.1"]]);
    const refused = await dial({ port: vm.port, permits: () => false, resolve }, `vm.example:${vm.port}`, never);
    expect([refused.outcome, vm.connections]).toEqual(["forbidden", 1]);
  });

  it("ends at once when the service stops", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    await using vm = await TcpGuest.listen(guest, { silent: true });
    const stop = new AbortController();
    const session = (): PushSession => {
      setImmediate(() => stop.abort());
      return new PushSession(host.context, new ReceiptKeys(), guest.seedId);
    };
    const dialer = { port: vm.port, permits: () => true, deadlineMs: 600_000 };
    expect((await dial(dialer, `127.0.0.1:${vm.port}`, session, stop.signal)).outcome).toBe("failed");
  });
});
