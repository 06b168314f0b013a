import { claimKeyFor, encodeClaim, keyPair, parseCertificate, toHex, verifyCertificate } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { damage } from "../../protocol/testing/mutations.ts";
import { Bench } from "../testing/bench.ts";
import type { TestGuest } from "../testing/guest.ts";
import { noise } from "../testing/fake-device.ts";

const DAY = 86_400;
const REFUSAL = { status: 403, bytes: new Uint8Array(0), headers: "[]" };

describe("claim", () => {
  it("makes the first claim of a first-claim seed final", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    const { status, bytes } = await host.send("/v1/claims", guest.claim());
    const answer = guest.enrol(bytes);
    expect([status, answer.state, answer.freshBytes.length]).toEqual([200, 0, 64]);
    const certificate = parseCertificate(guest.certificate);
    verifyCertificate(certificate, host.context.identity.statement.packetPk);
    expect(toHex(certificate.identityPk)).toBe(toHex(guest.identity.publicKey));
    expect(await host.vm()).toMatchObject({ state: "claimed", claimedAt: host.clock.now, instanceId: "4711" });
  });

  it("repeats after a lost answer and a reboot: same certificate and secret, new bytes", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    const first = guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    host.restart();
    host.clock.now += 3 * DAY;
    const { status, bytes } = await host.send("/v1/claims", guest.claim({ bootId: new Uint8Array(16).fill(7) }));
    const second = guest.enrol(bytes);
    expect(status).toBe(200);
    expect(second.certificate).toEqual(first.certificate);
    expect(second.claimSecret).toEqual(first.claimSecret);
    expect(second.freshBytes).not.toEqual(first.freshBytes);
  });

  it("is final for one identity only: others get fresh bytes and 409, whatever they say they are", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    const elsewhere = guest.claim({ instanceId: "4712" });
    guest.identity = keyPair("ed25519", noise(32, 9));
    for (const claim of [elsewhere, guest.claim(), guest.claim({ instanceId: "4712" })]) {
      const { status, bytes } = await host.send("/v1/claims", claim);
      expect([status, bytes[0], bytes.length]).toEqual([409, 3, 65]);
    }
  });
});

describe("claim of a bound seed", () => {
  it("is provisional until the id is known, then final for that id", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const early = await host.send("/v1/claims", guest.claim());
    expect([early.status, early.bytes[0], early.bytes.length]).toEqual([202, 1, 65]);
    expect(await host.vm()).toMatchObject({ state: "provisional", claimedAt: null });
    await host.created(guest);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
  });

  it("never lets an orphan droplet win, also when it comes first", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const identity = guest.identity;
    guest.identity = keyPair("ed25519", noise(32, 9));
    expect((await host.send("/v1/claims", guest.claim({ instanceId: "orphan" }))).status).toBe(202);
    guest.identity = identity;
    await host.created(guest);
    const orphan = await host.send("/v1/claims", guest.claim({ instanceId: "orphan" }));
    expect([orphan.status, orphan.bytes[0]]).toEqual([202, 2]);
    expect(host.logged).toContain("claim needs an operator");
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
  });

  it("waits for an operator when it comes more than 24 h after the commit", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    host.clock.now += DAY;
    const { status, bytes } = await host.send("/v1/claims", guest.claim());
    expect([status, bytes[0], bytes.length]).toEqual([202, 2, 65]);
    expect(await host.vm()).toMatchObject({ state: "provisional" });
  });
});

describe("claim of a VM that its program destroyed before it claimed", () => {
  const gone = (host: Bench, guest: TestGuest): Promise<unknown> =>
    host.post("/v1/absent", { stack: "org/project/stack", vms: [{ seedId: toHex(guest.seedId), urn: guest.urn }] });

  it("waits for an operator, at once and at any time: a log of user-data is worth nothing after destroy", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    await gone(host, guest);
    for (const seconds of [0, 901]) {
      host.clock.now += seconds;
      const { status, bytes } = await host.send("/v1/claims", guest.claim());
      expect([status, bytes[0], bytes.length]).toEqual([202, 2, 65]);
    }
    expect(await host.vm()).toMatchObject({ claimedAt: null });
    const lines = host.lines.filter(({ message }) => message === "claim needs an operator");
    expect(lines.map(({ fields }) => fields)).toMatchObject([
      { why: expect.stringMatching(/destroyed this VM before/) },
    ]);
  });

  it("is final when the next run tells the droplet again: a run that left it out was wrong", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    await gone(host, guest);
    await host.created(guest);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
  });

  it("is answered again where it was final before", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    const final = guest.claim();
    expect((await host.send("/v1/claims", final)).status).toBe(200);
    await gone(host, guest);
    expect((await host.send("/v1/claims", final)).status).toBe(200);
  });
});

describe("a claim that proves nothing", () => {
  it("gets the identical empty 403 for every bit flip and truncation, and leaves no trace", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    const before = await host.vm();
    for (const { what, bytes } of damage(guest.claim())) {
      expect(await host.send("/v1/claims", bytes), what).toEqual(REFUSAL);
    }
    expect(await host.vm()).toEqual(before);
  });

  it.each([
    ["another claim key", { claimKey: new Uint8Array(32) }],
    ["another TLS certificate", { tlsPin: new Uint8Array(32) }],
  ])("gets the identical empty 403: %s", async (_, change) => {
    await using host = new Bench();
    const guest = await host.guest();
    expect(await host.send("/v1/claims", guest.claim(change))).toEqual(REFUSAL);
  });

  it("gets it for a seed that was reserved but never committed", async () => {
    await using host = new Bench();
    const guest = await host.reserve();
    expect(await host.send("/v1/claims", guest.claim())).toEqual(REFUSAL);
  });
});

describe("fresh bytes", () => {
  it("are given 8 times per seed and day besides the final answer, then 429; the next day again", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    const statuses = [];
    for (let i = 0; i < 10; i++) statuses.push((await host.send("/v1/claims", guest.claim())).status);
    expect(statuses).toEqual([...Array<number>(9).fill(200), 429]);
    host.clock.now += DAY;
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
  });

  it("never keep a claim from becoming final", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    for (let i = 0; i < 12; i++) await host.send("/v1/claims", guest.claim());
    await host.created(guest);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
  });

  it("end with the source: 503, and the same claim works when there is one again", async () => {
    await using host = new Bench({ samples: noise(1024 + 4 * 80) });
    const guest = await host.guest();
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(200);
    const { status, bytes } = await host.send("/v1/claims", guest.claim());
    expect([status, bytes.length]).toEqual([503, 0]);
  });
});

describe("a claim for another host", () => {
  it("is refused, though its MAC is right", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    const { keys, tlsPin } = host.context.identity;
    const { seedId, identity, instanceId } = guest;
    const bootId = new Uint8Array(16);
    const fields = { hostId: new Uint8Array(8), seedId, identityPk: identity.publicKey, bootId, instanceId };
    const claim = encodeClaim(fields, claimKeyFor(keys.kClaim, seedId), tlsPin);
    expect(await host.send("/v1/claims", claim)).toEqual(REFUSAL);
    expect(host.context.refusals.counts()).toEqual({ "claims.mismatch": 1 });
    expect(await host.vm()).toMatchObject({ state: "committed" });
  });
});

describe("racing claims", () => {
  it("have exactly one winner: 50 identities on each of 4 seeds", async () => {
    await using host = new Bench();
    for (let seed = 0; seed < 4; seed++) {
      const guest = await host.guest();
      const claims = Array.from({ length: 50 }, (_, i) => {
        guest.identity = keyPair("ed25519", noise(32, 10 + i));
        return guest.claim();
      });
      const statuses = await Promise.all(claims.map(async (claim) => (await host.send("/v1/claims", claim)).status));
      expect(statuses.filter((status) => status === 200).length).toBe(1);
      expect(statuses.filter((status) => status === 409 || status === 429).length).toBe(49);
    }
  });
});
