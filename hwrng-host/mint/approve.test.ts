import { keyPair, toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";
import type { TestGuest } from "../testing/guest.ts";

const changed = async (host: Bench, guest: TestGuest, key: number): Promise<string> => {
  guest.hostKey = keyPair("ed25519", noise(32, key));
  await host.send("/v1/reports", guest.report());
  return (await host.vm())?.changed?.sha256 ?? "none";
};

/** A VM whose host keys changed after its first report. */
async function changedVm(host: Bench): Promise<{ guest: TestGuest; path: string; sha256: string }> {
  const guest = await host.guest();
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  await host.send("/v1/reports", guest.report());
  host.clock.now += 60;
  const sha256 = await changed(host, guest, 5);
  return { guest, path: `/v1/vms/${toHex(guest.seedId)}/approve`, sha256 };
}

describe("POST /v1/vms/{seedId}/approve", () => {
  it("C18 (scaleway/image-ubuntu#139): the changed report is accepted, in `vms` and in `created`, and logged", async () => {
    await using host = new Bench();
    const { guest, path, sha256 } = await changedVm(host);
    const before = await host.vm();
    expect(before?.changed).toMatchObject({ at: host.clock.now, report: { hostKeys: [expect.any(String)] } });
    const hostKeys = before?.changed?.report.hostKeys;
    expect(hostKeys).not.toEqual(before?.report?.hostKeys);
    expect(await host.post(path, { report: sha256 })).toMatchObject({ status: 200, body: { hostKeys } });
    const after = await host.vm();
    expect(after).toMatchObject({ hostKeysChanged: false, changed: null, reportedAt: host.clock.now });
    expect(after?.report).toEqual(before?.changed?.report);
    expect(host.logged.at(-1)).toBe("changed host keys approved");
    await host.send("/v1/reports", guest.report());
    expect(await host.vm()).toMatchObject({ hostKeysChanged: false });
    host.restart();
    expect((await host.vm())?.report?.hostKeys).toEqual(hostKeys);
  });

  it("keeps the first keys where their report is named, and ends the alarm", async () => {
    await using host = new Bench();
    const { path } = await changedVm(host);
    const before = await host.vm();
    expect((await host.post(path, { report: before?.reportSha256 })).status).toBe(200);
    expect(await host.vm()).toEqual({ ...before, hostKeysChanged: false, changed: null });
    expect(host.logged.at(-1)).toBe("first host keys kept");
  });

  it("is 409 when the VM has reported other keys since, and approves nothing", async () => {
    await using host = new Bench();
    const { guest, path, sha256 } = await changedVm(host);
    await changed(host, guest, 6);
    const before = await host.vm();
    expect(await host.post(path, { report: sha256 })).toMatchObject({
      status: 409,
      body: { error: { code: "conflict", message: expect.stringMatching(/has reported again/) } },
    });
    expect(await host.vm()).toEqual(before);
  });

  it("is 404 without a changed report, and 400 for a body that names none", async () => {
    await using host = new Bench();
    const { path, sha256 } = await changedVm(host);
    expect((await host.post(path, { report: sha256 })).status).toBe(200);
    expect((await host.post(path, { report: sha256 })).status).toBe(404);
    expect((await host.post(`/v1/vms/${"00".repeat(16)}/approve`, { report: sha256 })).status).toBe(404);
    expect((await host.post(path, {})).status).toBe(400);
    expect((await host.post(path, { report: "SHA256:x" })).status).toBe(400);
  });
});
