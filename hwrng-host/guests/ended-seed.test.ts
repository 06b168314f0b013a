import { toHex } from "@bootseed/protocol";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FILES } from "../identity/init.ts";
import { Bench } from "../testing/bench.ts";
import type { TestGuest } from "../testing/guest.ts";

const REFUSAL = { status: 403, bytes: new Uint8Array(0), headers: "[]" };

/** The VM claims, then the host's folder is one that was saved before the claim. */
async function restoredBeforeClaim(host: Bench, guest: TestGuest): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), "bootseed-copy-"));
  try {
    const snapshot = await host.context.store.snapshot();
    cpSync(host.dir, copy, { recursive: true });
    for (const side of ["-wal", "-shm"]) rmSync(join(copy, FILES.database + side), { force: true });
    cpSync(snapshot, join(copy, FILES.database));
    rmSync(snapshot);
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    host.replaceState(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

describe("a VM that was ended after the host was restored from a backup older than its claim", () => {
  it.each(["revoke", "forget"])("is not taken back by its certificate: %s", async (verb) => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    await restoredBeforeClaim(host, guest);
    expect(await host.vm()).toMatchObject({ state: "committed" });
    expect((await host.post(`/v1/vms/${toHex(guest.seedId)}/${verb}`, {})).status).toBe(200);
    expect(await host.send("/v1/packets", guest.hello({ proof: true }))).toEqual(REFUSAL);
    expect(host.context.refusals.counts()).toEqual({ "packets.revoked": 1 });
    expect(await host.send("/v1/reports", guest.report())).toEqual(REFUSAL);
  });

  it("is taken back when no operator ended it", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    await restoredBeforeClaim(host, guest);
    expect((await host.send("/v1/packets", guest.hello({ proof: true }))).status).toBe(200);
  });
});
