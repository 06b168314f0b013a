import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withRawView } from "../../seeder/inject/raw-view.ts";
import { ensureImage } from "../../tools/image/image.ts";
import { freePort } from "../../tools/free-port.ts";
import { startHost, type Host } from "../../tools/lab/host.ts";
import { run } from "../../tools/lab/service.ts";
import { prerequisite } from "../prerequisite.ts";
import { overlay, PlainVm } from "./plain-vm.ts";

const SEED = "/var/lib/systemd/random-seed";
const MARK = "user.random-seed-creditable";
/** systemd says it when the kernel's generator is not initialised after it wrote its seed: nothing was credited. */
const WAITED = "Kernel entropy pool is not initialized yet";

const mayMount = prerequisite(
  process.getuid?.() === 0,
  "expected to be root, to mount an image: run the tests as root",
);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** The stock image on a processor without RDRAND, with and without an injected seed. */
describe("bootseed inject, really booted", { concurrent: false }, () => {
  let dir: string, image: string, host: Host;
  /** SHA-256 of the seed that was written, by how. */
  const injected = { disk: "", mounted: "" };
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
    const disk = await overlay(image, join(dir, "disk.qcow2"));
    await run("bootseed", ["inject", "--host", host.mint, "--disk", disk]);
    const seed = await inGuest(disk, `cat ${SEED}`);
    expect(seed.length).toBe(512);
    injected.disk = sha256(seed);
    expect((await inGuest(disk, `ea_list ${SEED}`)).toString()).toContain(`${MARK} (1) = "1"`);
    expect(JSON.parse(await run("bootseed", ["vm", "ls", "--json", "--host", host.mint]))).toMatchObject({ vms: [] });
  });

  it.skipIf(!mayMount)("writes below the root folder of a mounted image", async () => {
    const [raw, root] = [join(dir, "mounted.raw"), join(dir, "root")];
    await execa("qemu-img", ["convert", "-O", "raw", join(image, "base.qcow2"), raw]);
    mkdirSync(root);
    await execa("mount", ["-o", "loop", raw, root]);
    try {
      await run("bootseed", ["inject", "--host", host.mint, "--root", root]);
      injected.mounted = sha256(readFileSync(join(root, SEED)));
    } finally {
      await execa("umount", [root]);
    }
    await execa("qemu-img", ["convert", "-O", "qcow2", raw, join(dir, "mounted.qcow2")]);
    rmSync(raw);
  });

  it.each(mayMount ? (["disk", "mounted"] as const) : (["disk"] as const))(
    "%s: the seed is credited: it is the guest's first entropy, once",
    async (how) => {
      await using vm = await PlainVm.start(image, join(dir, how), join(dir, `${how}.qcow2`));
      const said = await settle(vm);
      expect(said).toContain("crng init done");
      expect(said).not.toContain(WAITED);
      // systemd replaced it at once, and what allowed the credit is gone: no clone, no later boot credits anything.
      expect(await vm.shell(`sha256sum < ${SEED}`)).not.toContain(injected[how]);
      expect(await vm.shell("ls /etc/systemd/system/systemd-random-seed.service.d")).toBe("");
      expect(await vm.shell("systemctl show -p Environment systemd-random-seed")).toContain(
        "SYSTEMD_RANDOM_SEED_CREDIT=1",
      );
    },
  );
});
