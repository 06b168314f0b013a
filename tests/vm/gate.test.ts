import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadKit } from "../../seeder/render/kit.ts";
import { renderUserData } from "../../seeder/render/render.ts";
import { ensureImage } from "../../tools/image/image.ts";
import { noCloudFolder, overlay, PlainVm } from "./plain-vm.ts";

/** What no test on a folder can show: that systemd finds the new unit, and that sshd's start waits for it. */
describe("the gate in a real boot", { concurrent: false }, () => {
  let dir: string;
  let vm: PlainVm | undefined;
  const ask = async (command: string): Promise<string> => (await vm?.until(command)) ?? "";

  beforeAll(async () => {
    const image = await ensureImage();
    dir = mkdtempSync(join(tmpdir(), "bootseed-vm-gate-"));
    const { folder, args } = noCloudFolder(dir, "unseeded");
    const nothing = new TextEncoder().encode("this is no seed");
    writeFileSync(join(folder, "user-data"), renderUserData({ kit: loadKit(), seedFile: nothing }).text);
    vm = await PlainVm.start(image, dir, await overlay(image, join(dir, "disk.qcow2")), args);
  });
  afterAll(async () => {
    await vm?.[Symbol.asyncDispose]();
    rmSync(dir, { recursive: true, force: true });
  });

  it("without a seed, sshd's job waits for the gate's, and the keys are there", async () => {
    // Or it runs already: then nothing held it.
    const due = "systemctl is-active ssh || systemctl list-jobs | grep -q 'ssh.service.*waiting'";
    await ask(`test -e /etc/ssh/ssh_host_ed25519_key && { ${due}; }`);
    const jobs = await ask("systemctl list-jobs --no-legend --before --after");
    expect(jobs).toMatch(/bootseed-first-boot\.service +start +running/);
    expect(jobs).toMatch(/ssh\.service +start +waiting/);
    expect(await ask("cat /run/bootseed/verdict")).toBe("no-seed 0");
    expect(await ask("systemctl is-active ssh || true")).toBe("inactive");
  });

  it("with a verdict, sshd starts, and the mark says that it was held", async () => {
    await ask("echo reseeded 0 >/run/bootseed/verdict");
    await ask("systemctl is-active ssh");
    expect(await ask("cat /var/lib/bootseed/gate-done")).toBe("iid-unseeded held");
  });
});
