import {
  encodeCertificate,
  encodePacketRequest,
  keyPair,
  parsePacketAnswer,
  parsePacketRequest,
  statusAnswerSchema,
  toHex,
} from "@bootseed/protocol";
import { describe, expect, it, vi } from "vitest";
import { bitFlips, damage } from "../../protocol/testing/mutations.ts";
import { TooFast } from "../drbg/rbg3.ts";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";
import type { TestGuest } from "../testing/guest.ts";

const REFUSAL = { status: 403, bytes: new Uint8Array(0), headers: "[]" };
const DAY = 86_400;

async function enrolled(host: Bench): Promise<TestGuest> {
  const guest = await host.guest();
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  return guest;
}

describe("delivery", () => {
  it("answers a hello with a packet, and takes the receipt", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const { status, bytes } = await host.send("/v1/packets", guest.hello());
    expect(status).toBe(200);
    const opened = guest.open(bytes);
    expect(opened).toMatchObject({ counter: 1, statements: 0, packetBytes: 1155 });
    expect(opened.chunk.length).toBe(1024);
    const sentAt = host.clock.now;
    const unreceipted = { counter: 1, at: sentAt, receiptAt: null, rcMix: null, rcReseed: null };
    expect(await host.vm()).toMatchObject({ topUps: 1, lastTopUp: unreceipted });
    host.clock.now += 1;
    expect((await host.send("/v1/receipts", guest.receipt(opened))).status).toBe(204);
    const lastTopUp = { counter: 1, at: sentAt, receiptAt: sentAt + 1, rcMix: 0, rcReseed: 0 };
    expect(await host.vm()).toMatchObject({ topUps: 1, lastTopUp });
  });

  it("seals each packet to a one-time key that is made of the system's bytes for it", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const { context } = host;
    const drawn: Uint8Array[] = [];
    const random = context.random.bind(context);
    Object.assign(context, {
      random: (bytes: number) => {
        const made = random(bytes);
        if (bytes === 32) drawn.push(Uint8Array.from(made));
        return made;
      },
    });
    const { bytes } = await host.send("/v1/packets", guest.hello());
    const enc = parsePacketAnswer(bytes).packet.slice(2, 34);
    expect(drawn.map((secret) => toHex(keyPair("x25519", secret).publicKey))).toEqual([toHex(enc)]);
    expect(guest.open(bytes).chunk.length).toBe(1024);
  });

  it("sends its statement to a guest that holds an older one", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const { bytes } = await host.send("/v1/packets", guest.hello({ statementSerial: 0 }));
    expect(guest.open(bytes).statements).toBe(1);
  });

  it("counts above both sides' last counter, and never twice, across a restart", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    guest.open((await host.send("/v1/packets", guest.hello())).bytes);
    host.restart();
    expect(guest.open((await host.send("/v1/packets", guest.hello({ lastCounter: 0 }))).bytes).counter).toBe(2);
    host.clock.now += DAY;
    expect(guest.open((await host.send("/v1/packets", guest.hello({ lastCounter: 1000 }))).bytes).counter).toBe(1001);
    expect(host.logged.join()).not.toMatch(/clone/);
  });

  it("flags a VM that is behind a packet it acknowledged, and serves it", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const opened = guest.open((await host.send("/v1/packets", guest.hello())).bytes);
    await host.send("/v1/receipts", guest.receipt(opened));
    const { status } = await host.send("/v1/packets", guest.hello({ lastCounter: 0 }));
    expect(status).toBe(200);
    expect(host.logged.at(-1)).toMatch(/restored disk or a clone/);
  });

  it("stops with the source: 503, no counter spent", async () => {
    await using host = new Bench({ samples: noise(1024 + 4 * 80) });
    const guest = await enrolled(host);
    expect((await host.send("/v1/packets", guest.hello())).status).toBe(503);
    expect(await host.vm()).toMatchObject({ topUps: 0, lastTopUp: null });
  });
});

describe("quota", () => {
  it("is two at once and eight a day", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const send = async (): Promise<number> => (await host.send("/v1/packets", guest.hello())).status;
    expect([await send(), await send(), await send()]).toEqual([200, 200, 403]);
    host.clock.now += DAY / 8 - 1;
    expect(await send()).toBe(403);
    host.clock.now += 1;
    expect([await send(), await send()]).toEqual([200, 403]);
    host.clock.now += 10 * DAY;
    expect([await send(), await send(), await send()]).toEqual([200, 200, 403]);
  });

  it("holds for hellos that come all at once: entropy is drawn for two of them", async () => {
    // The start-up test, the claim, and two packets.
    await using host = new Bench({ samples: noise(1024 + 6 * 80) });
    const guest = await enrolled(host);
    const hellos = Array.from({ length: 50 }, () => guest.hello());
    const statuses = await Promise.all(hellos.map(async (hello) => (await host.send("/v1/packets", hello)).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
    expect(statuses.filter((status) => status === 403)).toHaveLength(48);
    expect(host.context.refusals.counts()).toEqual({ "packets.limited": 48 });
  });

  it("locks nobody out when the clock goes back", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    host.clock.now += 400 * DAY;
    await host.send("/v1/packets", guest.hello());
    await host.send("/v1/packets", guest.hello());
    host.clock.now -= 400 * DAY;
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await host.send("/v1/packets", guest.hello())).status);
    expect(statuses).toEqual([200, 200, 403]);
  });
});

describe("more than there is entropy for", () => {
  it("is 429 for claims and hellos alike: nothing is decided, no counter spent, the same may come again", async () => {
    await using host = new Bench();
    const [guest, late] = [await enrolled(host), await host.guest()];
    const { generator } = host.context;
    const busy = vi.spyOn(generator, "admit").mockImplementation(() => {
      throw new TooFast(9);
    });
    const [hello, claim] = [guest.hello(), late.claim()];
    for (const [path, body] of [
      ["/v1/packets", hello],
      ["/v1/claims", claim],
    ] as const)
      expect(await host.send(path, body)).toMatchObject({
        status: 429,
        headers: expect.stringContaining("retry-after"),
      });
    expect((await host.vms()).map(({ state, topUps }) => `${state} ${topUps}`).toSorted()).toEqual([
      "claimed 0",
      "committed 0",
    ]);
    busy.mockRestore();
    expect((await host.send("/v1/packets", hello)).status).toBe(200);
    expect((await host.send("/v1/claims", claim)).status).toBe(200);
  });
});

describe("a hello that proves nothing", () => {
  it("gets the identical empty 403 for every bit flip and truncation; no counter, no entropy", async () => {
    await using host = new Bench({ samples: noise(1024 + 5 * 80) });
    const guest = await enrolled(host);
    const request = guest.hello();
    for (const { what, bytes } of damage(request)) {
      expect(await host.send("/v1/packets", bytes), what).toEqual(REFUSAL);
    }
    expect(await host.vm()).toMatchObject({ topUps: 0 });
    // The one block that is left is still there for the right hello.
    expect(guest.open((await host.send("/v1/packets", request)).bytes).counter).toBe(1);
  });

  it("gets it for a receive key that was used before", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const hello = guest.hello();
    expect((await host.send("/v1/packets", hello)).status).toBe(200);
    expect(await host.send("/v1/packets", hello)).toEqual(REFUSAL);
  });

  it("gets it from another identity, and before the claim", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    expect(await host.send("/v1/packets", guest.hello())).toEqual(REFUSAL);
    await host.send("/v1/claims", guest.claim());
    guest.identity = keyPair("ed25519", noise(32, 5));
    expect(await host.send("/v1/packets", guest.hello())).toEqual(REFUSAL);
  });
});

describe("receipt", () => {
  it("is refused with any bit flipped or cut, and still taken when right", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const opened = guest.open((await host.send("/v1/packets", guest.hello())).bytes);
    const receipt = guest.receipt(opened, 0, 22);
    for (const { what, bytes } of damage(receipt)) {
      expect(await host.send("/v1/receipts", bytes), what).toEqual(REFUSAL);
    }
    expect((await host.send("/v1/receipts", receipt)).status).toBe(204);
    expect(host.logged.at(-1)).toMatch(/kernel refused/);
    expect(await host.vm()).toMatchObject({ lastTopUp: { rcMix: 0, rcReseed: 22 } });
    expect(await host.send("/v1/receipts", receipt)).toEqual(REFUSAL);
  });

  it("is lost, and harmless, after 60 s and after a restart", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const late = guest.open((await host.send("/v1/packets", guest.hello())).bytes);
    host.clock.now += 60;
    expect(await host.send("/v1/receipts", guest.receipt(late))).toEqual(REFUSAL);
    const lost = guest.open((await host.send("/v1/packets", guest.hello())).bytes);
    host.restart();
    expect(await host.send("/v1/receipts", guest.receipt(lost))).toEqual(REFUSAL);
    host.clock.now += DAY;
    expect((await host.send("/v1/packets", guest.hello())).status).toBe(200);
  });
});

describe("a host that lost its database", () => {
  it("refuses the hello, and takes the VM back by certificate and statement", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    guest.open((await host.send("/v1/packets", guest.hello())).bytes);
    guest.lastCounter = 41;
    host.restart("lost");
    expect(await host.send("/v1/packets", guest.hello())).toEqual(REFUSAL);
    const { status, bytes } = await host.send("/v1/packets", guest.request(true));
    expect(status).toBe(200);
    expect(guest.open(bytes).counter).toBe(42);
    expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
    expect(await host.vm()).toMatchObject({ state: "reported", name: expect.stringMatching(/^reimported-/) });
  });

  it("takes nobody back whose proof is damaged", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    host.restart("lost");
    const request = guest.hello({ proof: true });
    let step = 0;
    for (const { what, bytes } of bitFlips(request)) {
      if (step++ % 5 === 0) expect(await host.send("/v1/packets", bytes), what).toEqual(REFUSAL);
    }
    expect(await host.vm()).toBeUndefined();
    // The host's own history has the statement: the certificate alone is proof enough.
    const { hello, certificate } = parsePacketRequest(request);
    const bare = encodePacketRequest({ hello, ...(certificate ? { certificate } : {}), statements: [] });
    expect((await host.send("/v1/packets", bare)).status).toBe(200);
  });
});

describe("a certificate that is not this hello's", () => {
  it("brings nobody back: another VM's, or another host's under the same packet key", async () => {
    await using host = new Bench();
    const [guest, other] = [await enrolled(host), await enrolled(host)];
    const { signPacket, statement } = host.context.identity;
    const { seedId, identity } = guest;
    const says = { seedId, identityPk: identity.publicKey, instanceIdHash: new Uint8Array(32), issuedAt: 1 };
    const fields = { ...says, hostId: new Uint8Array(8), statementSerial: statement.serial };
    host.restart("lost");
    for (const certificate of [other.certificate, encodeCertificate(fields, signPacket)]) {
      const { hello } = parsePacketRequest(guest.hello());
      expect(await host.send("/v1/packets", encodePacketRequest({ hello, certificate, statements: [] }))).toEqual(
        REFUSAL,
      );
    }
    expect(host.context.refusals.counts()).toEqual({ "packets.mismatch": 2 });
    expect(await host.vms()).toEqual([]);
  });
});

describe("the guest API", () => {
  it("answers 413 beyond 64 KiB and 404 elsewhere, empty", async () => {
    await using host = new Bench();
    const big = await host.send("/v1/claims", new Uint8Array(65_537));
    expect([big.status, big.bytes.length]).toEqual([413, 0]);
    const lost = await host.send("/v1/vms", new Uint8Array(0));
    expect([lost.status, lost.bytes.length]).toEqual([404, 0]);
    expect(statusAnswerSchema.parse((await host.get("/v1/status")).body).healthy).toBe(true);
  });
});
