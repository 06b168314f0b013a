import { describe, expect, it } from "vitest";
import type { MachineSpec } from "./machine.ts";
import { qemuArguments, type Hardware } from "./qemu-arguments.ts";

const spec = (dir = "/run/cloud/1"): MachineSpec => ({
  dropletId: 4711,
  image: "/images/debian-12-x64",
  dir,
  address: "127.77.0.3",
  sshPort: 2222,
  mac: "52:54:00:77:00:03",
  metadata: () => ({ status: 404, type: "", body: "" }),
});
const TCG: Hardware = { accelerator: "tcg", memoryMiB: 512, cpus: 2 };
const line = (hardware = TCG, dir?: string): string => qemuArguments(spec(dir), hardware).join(" ");

describe("qemuArguments", () => {
  it("makes a VM that cloud-init takes for a droplet", () => {
    expect(line()).toContain("-smbios type=1,manufacturer=DigitalOcean,product=Droplet,serial=4711");
    expect(line()).toContain("hostfwd=tcp:127.77.0.3:2222-169.254.10.15:22,");
    expect(line()).toContain("guestfwd=tcp:169.254.169.254:80-cmd:");
    expect(line()).toContain("virtio-net-pci,netdev=n0,mac=52:54:00:77:00:03");
  });

  it("shows a config drive as a read-only FAT disk labelled config-2, where there is one", () => {
    expect(line()).not.toContain("config-2");
    const all = qemuArguments({ ...spec(), configDrive: "/run/a,b/config-2" }, TCG);
    expect(all).toContain("driver=vvfat,node-name=config,dir=/run/a,,b/config-2,label=config-2,read-only=on");
    expect(all).toContain("virtio-blk-pci,drive=config");
  });

  it("lets the guest reboot, and forwards nothing from any address but loopback", () => {
    expect(line()).not.toContain("-no-reboot");
    expect(line().match(/hostfwd=tcp:[^,]*/g)).toEqual(["hostfwd=tcp:127.77.0.3:2222-169.254.10.15:22"]);
  });

  it("bounds the translation cache under emulation, and emulates nothing under KVM", () => {
    expect(line()).toContain("-accel tcg,tb-size=256 -cpu max,-rdrand,-rdseed");
    expect(line({ ...TCG, accelerator: "kvm" })).toContain("-accel kvm -cpu host");
  });

  it("survives commas, spaces and quotes in the folder's name", () => {
    const all = qemuArguments(spec("/run/a,b c'd/1"), TCG);
    expect(all).toContain("file=/run/a,,b c'd/1/disk.qcow2,if=virtio,format=qcow2,cache=unsafe");
    expect(all.find((argument) => argument.startsWith("user,"))).toContain(`'/run/a,,b c'\\''d/1/metadata.sock'`);
  });
});
