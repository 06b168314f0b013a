import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Accelerator } from "./accelerator.ts";
import { consoleFile } from "./console.ts";
import { agentSocket } from "./guest-agent.ts";
import type { MachineSpec } from "./machine.ts";
import { GUEST_NETWORK } from "./metadata.ts";

/** What is the same for all VMs of a cloud. */
export interface Hardware {
  readonly accelerator: Accelerator;
  /** MiB that a VM really gets; 512 keeps QEMU at 0.6 GB */
  readonly memoryMiB: number;
  readonly cpus: number;
}

const FORWARD = fileURLToPath(new URL("forward.mjs", import.meta.url));
/**
 * The root by its label, as of two disks either may become /dev/vda. Mitigations, AppArmor and audit cost seconds under emulation and change
 * nothing about the kernel's generator.
 */
const KERNEL_ARGUMENTS = "root=LABEL=root rw console=ttyS0 net.ifnames=0 quiet mitigations=off apparmor=0 audit=0";

/** The files of one VM in its folder. */
export function machineFiles(dir: string): { disk: string; qmp: string; metadata: string } {
  return { disk: join(dir, "disk.qcow2"), qmp: join(dir, "qmp.sock"), metadata: join(dir, "metadata.sock") };
}

/**
 * QEMU's arguments for a VM that cloud-init takes for a droplet: DMI vendor DigitalOcean, the droplet's id as serial, and a user network in
 * 169.254.0.0/16 that holds the metadata address. There is no `-no-reboot`: a droplet reboots. No RDRAND under emulation: it would be
 * QEMU's own generator, and a first boot without it is the harder case.
 */
export function qemuArguments(spec: MachineSpec, hardware: Hardware): string[] {
  const kvm = hardware.accelerator === "kvm";
  const { disk, qmp, metadata } = machineFiles(spec.dir);
  const { network, host, dns, guest } = GUEST_NETWORK;
  const forward = `${shellQuote(process.execPath)} ${shellQuote(FORWARD)} ${shellQuote(metadata)}`;
  const net = [
    `user,id=n0,net=${network},host=${host},dns=${dns}`,
    `hostfwd=tcp:${spec.address}:${spec.sshPort}-${guest}:22`,
    `guestfwd=tcp:${GUEST_NETWORK.metadata}:80-cmd:${escape(forward)}`,
  ].join(",");
  return [
    ["-machine", "q35", "-accel", kvm ? "kvm" : "tcg,tb-size=256", "-cpu", kvm ? "host" : "max,-rdrand,-rdseed"],
    ["-m", String(hardware.memoryMiB), "-smp", String(hardware.cpus)],
    ["-nodefaults", "-no-user-config", "-display", "none"],
    ["-kernel", join(spec.image, "vmlinuz"), "-initrd", join(spec.image, "initrd"), "-append", KERNEL_ARGUMENTS],
    ["-drive", `file=${escape(disk)},if=virtio,format=qcow2,cache=unsafe`],
    spec.configDrive === undefined ? [] : configDrive(spec.configDrive),
    ["-netdev", net, "-device", `virtio-net-pci,netdev=n0,mac=${spec.mac}`],
    ["-smbios", `type=1,manufacturer=DigitalOcean,product=Droplet,serial=${spec.dropletId}`],
    ["-device", "virtio-serial-pci"],
    ["-chardev", `socket,id=agent,path=${escape(agentSocket(spec.dir))},server=on,wait=off`],
    ["-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0"],
    ["-chardev", `file,id=console,path=${escape(consoleFile(spec.dir))},append=on`, "-serial", "chardev:console"],
    ["-qmp", `unix:${escape(qmp)},server=on,wait=off`],
  ].flat();
}

/** A folder as a read-only FAT disk: no tool that makes images is needed. */
function configDrive(folder: string): string[] {
  const disk = `driver=vvfat,node-name=config,dir=${escape(folder)},label=config-2,read-only=on`;
  return ["-blockdev", disk, "-device", "virtio-blk-pci,drive=config"];
}

/** In QEMU's option lists a comma is doubled. */
function escape(value: string): string {
  return value.replaceAll(",", ",,");
}

/** One word for the shell rules by which QEMU splits a guestfwd command. */
function shellQuote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
