import { keyPair, parseClaimAnswer } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import type { TestGuest } from "../testing/guest.ts";

async function enrolled(host: Bench): Promise<TestGuest> {
  const guest = await host.guest("instance");
  await host.created(guest);
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  return guest;
}

/** A claim of one who has the user-data, the instance id and the public identity, but not its private key. */
const repeated = async (host: Bench, guest: TestGuest): Promise<number> => {
  const { identity } = guest;
  guest.identity = { publicKey: identity.publicKey, privateKey: keyPair("ed25519", new Uint8Array(32)).privateKey };
  const { status, bytes } = await host.send("/v1/claims", guest.claim({ bootId: new Uint8Array(16).fill(5) }));
  guest.identity = identity;
  const { claimSecret, freshBytes } = parseClaimAnswer(bytes);
  expect([claimSecret === undefined, freshBytes.length]).toEqual([status === 409, 64]);
  return status;
};

describe("a repeated claim of the VM that won", () => {
  it.each([
    ["report", "/v1/reports", (guest: TestGuest) => guest.report()],
    ["hello", "/v1/packets", (guest: TestGuest) => guest.hello()],
  ])("gets no secret once a %s proved that the VM has its certificate; it is no alarm", async (_, path, message) => {
    await using host = new Bench();
    const guest = await enrolled(host);
    expect(await repeated(host, guest)).toBe(200);
    expect((await host.send(path, message(guest))).status).toBeLessThan(300);
    for (let i = 0; i < 8; i++) expect(await repeated(host, guest)).toBe(409);
    const again = await host.send("/v1/claims", guest.claim());
    expect([again.status, (await host.vm())?.askers]).toEqual([429, []]);
    host.restart();
    expect(await repeated(host, guest)).toBe(409);
    expect((await host.send("/v1/packets", guest.hello())).status).toBe(200);
  });

  it("gets none either once the VM was taken back by its certificate", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    host.restart("lost");
    expect((await host.send("/v1/packets", guest.hello({ proof: true }))).status).toBe(200);
    expect(await repeated(host, guest)).toBe(409);
  });
});
