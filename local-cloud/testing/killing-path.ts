import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where, on the way to a VM, the service that makes it is killed with SIGKILL. */
export type KillAt = "before the disk" | "after the disk" | "before pdeathsig" | "before QEMU" | "never";

const QEMU_IMG = "/usr/bin/qemu-img";

/** Waits until this script's parent is another one: then the kill has done its work. */
const KILL_PARENT = `kill -9 $PPID; while [ "$(cut -d' ' -f4 /proc/$$/stat)" = $PPID ]; do :; done`;

/**
 * Programs that stand before the real ones on PATH: each kills its parent, the service, when it is told so by KILL_AT, and goes on as the
 * real one. QEMU starts with -S: a real process with its monitor, whose processor never runs.
 *
 * @returns the folder to put first on PATH
 */
export function killingPath(dir: string): string {
  const bin = join(dir, "bin");
  mkdirSync(bin);
  const at = (step: KillAt): string => `if [ "$KILL_AT" = "${step}" ]; then ${KILL_PARENT}; fi`;
  const programs = {
    "qemu-img": [at("before the disk"), `${QEMU_IMG} "$@" || exit`, at("after the disk")],
    setpriv: [at("before pdeathsig"), 'exec /usr/bin/setpriv "$@"'],
    "qemu-system-x86_64": [at("before QEMU"), 'exec /usr/bin/qemu-system-x86_64 -S "$@"'],
  };
  for (const [name, lines] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${lines.join("\n")}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

/** A folder with one image that QEMU takes: an empty disk, and a kernel that is nothing but a boot header. */
export function hollowImages(dir: string): string {
  const images = join(dir, "images");
  const folder = join(images, "debian-12-x64");
  mkdirSync(folder, { recursive: true });
  execFileSync(QEMU_IMG, ["create", "-q", "-f", "qcow2", join(folder, "base.qcow2"), "1M"]);
  const kernel = Buffer.alloc(8192);
  kernel[0x1f1] = 1; // sectors of set-up code
  kernel.write("HdrS", 0x202, "latin1");
  kernel.writeUInt16LE(0x0202, 0x206); // boot protocol 2.02: knows an initrd, and no limit of its own for it
  writeFileSync(join(folder, "vmlinuz"), kernel);
  writeFileSync(join(folder, "initrd"), "nothing");
  return images;
}
