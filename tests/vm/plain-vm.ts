import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { guestExec } from "@bootseed/local-cloud";
import { execa } from "execa";
import { chooseAccelerator } from "../../local-cloud/accelerator.ts";
import { dieWithParent } from "../../local-cloud/die-with-parent.ts";
import { withRawView } from "../../seeder/inject/raw-view.ts";

const DEADLINE_MS = 540_000;
// By label: of two virtio disks either may become /dev/vda.
const KERNEL_ARGUMENTS = "root=LABEL=root rw console=ttyS0 net.ifnames=0 quiet mitigations=off apparmor=0 audit=0";

/** The stock image in QEMU as a person starts it, without any cloud: what docs/other-clouds.md shows. */
export class PlainVm implements AsyncDisposable {
  readonly #dir: string;
  readonly #child: ChildProcess;

  private constructor(dir: string, child: ChildProcess) {
    this.#dir = dir;
    this.#child = child;
  }

  /**
   * @param image folder of the stock image
   * @param disk an overlay of its base, not used by anyone else
   * @param more further arguments of QEMU
   */
  static async start(image: string, dir: string, disk: string, more: readonly string[] = []): Promise<PlainVm> {
    const kernel = join(image, "vmlinuz");
    const kvm = (await chooseAccelerator(kernel)) === "kvm";
    mkdirSync(dir, { recursive: true });
    const args = [
      // No RDRAND under emulation: it would be QEMU's own generator, and a first boot without it is the harder case.
      ["-machine", "q35", "-accel", kvm ? "kvm" : "tcg,tb-size=256", "-cpu", kvm ? "host" : "max,-rdrand,-rdseed"],
      ["-m", "512", "-smp", "1", "-nodefaults", "-no-user-config", "-display", "none"],
      ["-kernel", kernel, "-initrd", join(image, "initrd"), "-append", KERNEL_ARGUMENTS],
      ["-drive", `file=${disk},if=virtio,format=qcow2,cache=unsafe`],
      ["-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
      ["-chardev", `socket,id=agent,path=${join(dir, "agent.sock")},server=on,wait=off`],
      ["-serial", `file:${join(dir, "console")}`, ...more],
    ].flat();
    const log = openSync(join(dir, "qemu.log"), "w");
    const [command, guarded] = dieWithParent("qemu-system-x86_64", args);
    return new PlainVm(dir, spawn(command, guarded, { stdio: ["ignore", log, log] }));
  }

  /** Standard output of a command run as root. */
  async shell(command: string): Promise<string> {
    const { exitCode, stdout, stderr } = await guestExec(this.#dir, command);
    if (exitCode !== 0) throw new Error(`${command}: exit code ${exitCode}: ${stderr}`);
    return stdout.trim();
  }

  /** Until a command succeeds. @throws Error with the console's end after 540 s */
  async until(command: string): Promise<string> {
    const end = Date.now() + DEADLINE_MS;
    let last: unknown;
    while (Date.now() < end && this.#child.exitCode === null) {
      try {
        return await this.shell(command);
      } catch (error) {
        last = error;
        await sleep(1000);
      }
    }
    const console = readFileSync(join(this.#dir, "console"), "utf8").slice(-1500);
    const qemu = readFileSync(join(this.#dir, "qemu.log"), "utf8").slice(-500);
    throw new Error(`the VM did not get there: ${command}\n${qemu}\n${console}`, { cause: last });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}

/** A disk of its own over the stock base, which is only read. */
export async function overlay(image: string, file: string): Promise<string> {
  const base = join(image, "base.qcow2");
  await execa("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", file]);
  return file;
}

/** Runs requests of debugfs on a closed disk, one a line, and returns its output: how a test reads or writes files of an image. */
export function debugfs(disk: string, requests: readonly string[], write = false): Promise<Buffer> {
  return withRawView(disk, async (raw) => {
    const args = [...(write ? ["-w"] : []), "-f", "-", raw];
    const options = { input: requests.join("\n"), encoding: "buffer" } as const;
    return Buffer.from((await execa("/usr/sbin/debugfs", args, options)).stdout);
  });
}

/** QEMU's user network: the VM's sshd at `sshPort` of this machine's loopback, this machine's loopback at 169.254.0.2 in the VM. */
export function userNetwork(sshPort: number): string[] {
  const net = `user,id=n0,net=169.254.0.0/16,host=169.254.0.2,hostfwd=tcp:127.0.0.1:${sshPort}-:22`;
  return ["-netdev", net, "-device", "virtio-net-pci,netdev=n0"];
}

/** A folder that QEMU shows as a FAT disk labelled `cidata`: cloud-init's NoCloud, without any tool that makes images. */
export function noCloudFolder(dir: string, name: string): { folder: string; args: string[] } {
  const folder = join(dir, "cidata");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "meta-data"), `instance-id: iid-${name}\nlocal-hostname: ${name}\n`);
  const blockdev = `driver=vvfat,node-name=cidata,dir=${folder},label=cidata,read-only=on`;
  // Said at once: cloud-init decides early whether it runs at all, and on a slow machine the disk is not there yet.
  const said = ["-smbios", "type=1,serial=ds=nocloud"];
  return { folder, args: [...said, "-blockdev", blockdev, "-device", "virtio-blk-pci,drive=cidata"] };
}
