import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withRawView } from "../../seeder/inject/raw-view.ts";
import { ensureImage } from "../../tools/image/image.ts";
import { freePort, startHost, type Host } from "../../tools/lab/host.ts";
import { run } from "../../tools/lab/service.ts";
import { overlay, PlainVm } from "./plain-vm.ts";

const SEED = "/var/lib/systemd/random-seed";
const MARK = "user.random-seed-creditable";
/** systemd says it when the kernel's generator is not initialised after it wrote its seed: nothing was credited. */
const WAITED = "Kernel entropy pool is not initialized yet";

/** The stock image on a processor without RDRAND, with and without an injected seed. */
describe("bootseed inject, really booted", { concurrent: false }, () => {
  let dir: string, image: string, host: Host, injected: string;
  const inGuest = (file: string, request: string): Promise<Buffer> =>
    withRawView(file, async (raw) => {
      const { stdout } = await execa("/usr/sbin/debugfs", ["-R", request, raw], { encoding: "buffer" });
      return Buffer.from(stdout);
    });
  const settle = async (vm: PlainVm): Promise<string> => {
    await vm.until("systemctl is-active systemd-random-seed");
    return vm.shell("journalctl -b -t systemd-random-seed -o cat; journalctl -b -k -o cat | grep crng");
  };

  beforeAll(async () => {
    image = await ensureImage();
    dir = mkdtempSync(join(tmpdir(), "bootseed-vm-inject-"));
    host = await startHost(join(dir, "host"), "system", await freePort());
  });
  afterAll(async () => {
    await host?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("without it, systemd waits: nothing initialises the kernel's generator but the timer's jitter", async () => {
    await using vm = await PlainVm.start(image, join(dir, "plain"), await overlay(image, join(dir, "plain.qcow2")));
    expect(await settle(vm)).toContain(WAITED);
  });

  it("writes into the closed disk, and the host keeps nothing", async () => {
    const disk = await overlay(image, join(dir, "seeded.qcow2"));
    await run("bootseed", ["inject", "--host", host.mint, "--disk", disk]);
    const seed = await inGuest(disk, `cat ${SEED}`);
    expect(seed.length).toBe(512);
    injected = createHash("sha256").update(seed).digest("hex");
    expect((await inGuest(disk, `ea_list ${SEED}`)).toString()).toContain(`${MARK} (1) = "1"`);
    expect(JSON.parse(await run("bootseed", ["vm", "ls", "--json", "--host", host.mint]))).toMatchObject({ vms: [] });
  });

  it("with it, the seed is credited: it is the guest's first entropy, once", async () => {
    const disk = join(dir, "seeded.qcow2");
    await using vm = await PlainVm.start(image, join(dir, "seeded"), disk);
    const said = await settle(vm);
    expect(said).toContain("crng init done");
    expect(said).not.toContain(WAITED);
    // systemd replaced it at once, and what allowed the credit is gone: no clone, no later boot credits anything.
    expect(await vm.shell(`sha256sum < ${SEED}`)).not.toContain(injected);
    expect(await vm.shell("ls /etc/systemd/system/systemd-random-seed.service.d")).toBe("");
    expect(await vm.shell("systemctl show -p Environment systemd-random-seed")).toContain(
      "SYSTEMD_RANDOM_SEED_CREDIT=1",
    );
  });
});
