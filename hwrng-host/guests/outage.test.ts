import { keyPair, parseJoinToken, fromBase64, encodeJoin, parseStatement } from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { EXIT, HostError } from "../host-error.ts";
import { newTokenAnswerSchema } from "../mint/join-tokens.ts";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";
import type { TestGuest } from "../testing/guest.ts";

const STARTUP = 1024;
const BLOCK = 80;
/** More than any quota of a day. */
const MANY = 40;

const statusesOf = async (send: () => Promise<{ status: number }>, times = MANY): Promise<number[]> => {
  const statuses = [];
  for (let i = 0; i < times; i++) statuses.push((await send()).status);
  return statuses;
};
const all = (status: number, times = MANY): number[] => Array<number>(times).fill(status);

/** The device gives bytes again, and the host looks at it again. */
function recover(host: Bench): void {
  writeFileSync(host.device.device, noise(1 << 18, 2));
  host.clock.now += 10;
}

const claimAs = async (host: Bench, guest: TestGuest, change: { instanceId?: string } = {}): Promise<number> =>
  (await host.send("/v1/claims", guest.claim(change))).status;

describe("claims while the source is out", () => {
  it("cost nothing and decide nothing: all VMs get their final answer as soon as it is back, on the same day", async () => {
    await using host = new Bench({ samples: noise(STARTUP + 6 * BLOCK) });
    const guests = [
      await host.guest(),
      await host.guest("instance", "1", "urn:a"),
      await host.guest("instance", "2", "urn:b"),
    ];
    const [first, bound, unbound] = guests as [TestGuest, TestGuest, TestGuest];
    await host.created(bound);
    for (const guest of guests)
      expect(await statusesOf(() => host.send("/v1/claims", guest.claim()))).toEqual(all(503));
    expect((await host.vms()).map(({ state }) => state)).toEqual(["committed", "committed", "committed"]);
    recover(host);
    expect([await claimAs(host, first), await claimAs(host, bound), await claimAs(host, unbound)]).toEqual([
      200, 200, 202,
    ]);
    await host.created(unbound);
    expect(await claimAs(host, unbound)).toBe(200);
  });

  it("of a VM that won before cost nothing either", async () => {
    await using host = new Bench({ samples: noise(STARTUP + 4 * BLOCK) });
    const guest = await host.guest();
    expect(await claimAs(host, guest)).toBe(200);
    expect(await statusesOf(() => host.send("/v1/claims", guest.claim()))).toEqual(all(503));
    recover(host);
    expect(await statusesOf(() => host.send("/v1/claims", guest.claim()), 8)).toEqual(all(200, 8));
  });
});

describe("a VM whose final answer is lost again and again", () => {
  it("is answered at its pace all day; the eight at once are followed by one in 10 s", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    await claimAs(host, guest);
    const statuses = await statusesOf(async () => {
      host.clock.now += 10;
      return host.send("/v1/claims", guest.claim());
    }, 100);
    expect(statuses).toEqual(all(200, 100));
    const { status, headers } =
      (await Promise.all(Array.from({ length: 9 }, () => host.send("/v1/claims", guest.claim())))).at(-1) ?? {};
    expect([status, headers]).toEqual([429, expect.stringContaining('"retry-after","10"')]);
  });
});

describe("a stranger who read user-data", () => {
  it.each([
    ["with an identity and an instance id of his own", { instanceId: "4712" }],
    ["with the VM's instance id", {}],
  ])("takes no answer of the VM, before and after its id is known: %s", async (_, change) => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const own = guest.identity;
    guest.identity = keyPair("ed25519", noise(32, 9));
    expect(await statusesOf(() => host.send("/v1/claims", guest.claim(change)), 10)).toEqual([
      ...all(202, 8),
      429,
      429,
    ]);
    guest.identity = own;
    expect(await claimAs(host, guest)).toBe(202);
    await host.created(guest);
    expect(await claimAs(host, guest)).toBe(200);
  });

  it("with ever new identities costs a bounded part of the entropy, and the VM nothing once its id is known", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    const own = guest.identity;
    const statuses = await statusesOf(() => {
      guest.identity = keyPair("ed25519", randomBytes(32));
      return host.send("/v1/claims", guest.claim({ instanceId: `x-${randomBytes(4).toString("hex")}` }));
    }, 300);
    expect(statuses.filter((status) => status === 202)).toHaveLength(256);
    guest.identity = own;
    await host.created(guest);
    expect(await claimAs(host, guest)).toBe(200);
    expect(await statusesOf(() => host.send("/v1/claims", guest.claim()), 8)).toEqual(all(200, 8));
  });

  it("has a share of his own, which comes back with time", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    await claimAs(host, guest);
    guest.identity = keyPair("ed25519", noise(32, 9));
    expect(await statusesOf(() => host.send("/v1/claims", guest.claim()), 9)).toEqual([...all(409, 8), 429]);
    host.clock.now += 3 * 3600;
    expect(await statusesOf(() => host.send("/v1/claims", guest.claim()), 2)).toEqual([409, 429]);
  });
});

describe("joins while the source is out", () => {
  it("use up no token, and a machine whose answers are lost is not turned away", async () => {
    await using host = new Bench({ samples: noise(STARTUP) });
    const { body } = await host.post("/v1/join-tokens", { name: "fleet", uses: 1, expiresInSeconds: 3600 });
    const { hostId, tokenId, joinKey, statement } = parseJoinToken(fromBase64(newTokenAnswerSchema.parse(body).token));
    const [pin = new Uint8Array(32)] = parseStatement(statement).pins;
    const { publicKey } = keyPair("ed25519", noise(32, 4));
    const who = { identityPk: publicKey, bootId: new Uint8Array(16), instanceId: "i-1", name: "fleet" };
    const join = encodeJoin({ hostId, tokenId, ...who }, joinKey, pin);
    expect(await statusesOf(() => host.send("/v1/joins", join))).toEqual(all(503));
    expect((await host.get("/v1/join-tokens")).body).toMatchObject({ tokens: [{ used: 0 }] });
    recover(host);
    expect(await statusesOf(() => host.send("/v1/joins", join), 10)).toEqual([...all(200, 9), 429]);
    host.clock.now += 10;
    expect((await host.send("/v1/joins", join)).status).toBe(200);
    expect((await host.get("/v1/join-tokens")).body).toMatchObject({ tokens: [{ used: 1 }] });
  });
});

describe("hellos while the source is out", () => {
  it("cost no part of the quota, and no counter", async () => {
    await using host = new Bench({ samples: noise(STARTUP + 4 * BLOCK) });
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    expect(await statusesOf(() => host.send("/v1/packets", guest.hello()))).toEqual(all(503));
    recover(host);
    expect(await statusesOf(() => host.send("/v1/packets", guest.hello()), 3)).toEqual([200, 200, 403]);
    expect(await host.vm()).toMatchObject({ topUps: 2, lastTopUp: { counter: 2 } });
  });
});

describe("reports while the disk is full", () => {
  it("cost nothing: the report is taken when there is space", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    const full = vi.spyOn(host.context.store.reports, "accept").mockImplementation(() => {
      throw new HostError("storage-failed", "the disk is full", "free space", EXIT.io);
    });
    expect(await statusesOf(() => host.send("/v1/reports", guest.report()))).toEqual(all(503));
    full.mockRestore();
    expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
  });
});
