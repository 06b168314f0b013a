import { spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dieWithParent } from "./die-with-parent.ts";

/** How QEMU runs guest code. */
export type Accelerator = "kvm" | "tcg";

const SMOKE_MS = 20_000;

/** What the choice depends on; tests give their own answers. */
export interface Probes {
  readonly cpuinfo: () => string;
  readonly kvmUsable: () => boolean;
  /** boots the kernel alone, with KVM, until it panics for want of a root disk; true if it got that far */
  readonly smokeBoot: (kernel: string) => Promise<boolean>;
}

/**
 * KVM where it really works, else emulation. A /dev/kvm that can be opened proves nothing: on some machines the first guest instruction
 * that needs help stops QEMU for ever. So: the processor must have vmx or svm, *and* a kernel must have booted.
 */
export async function chooseAccelerator(kernel: string, probes: Probes = REAL): Promise<Accelerator> {
  if (!/^flags\s*:.*\b(vmx|svm)\b/m.test(probes.cpuinfo()) || !probes.kvmUsable()) return "tcg";
  return (await probes.smokeBoot(kernel)) ? "kvm" : "tcg";
}

const REAL: Probes = {
  cpuinfo: () => readFileSync("/proc/cpuinfo", "utf8"),
  kvmUsable: () => {
    try {
      accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
      return true;
    } catch {
      return false;
    }
  },
  smokeBoot,
};

async function smokeBoot(kernel: string): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), "local-cloud-smoke-"));
  const log = join(dir, "console");
  const machine =
    "-machine q35 -accel kvm -cpu host -m 256 -smp 1 -nodefaults -no-user-config -display none -no-reboot".split(" ");
  const args = [...machine, "-kernel", kernel, "-append", "console=ttyS0 panic=-1", "-serial", `file:${log}`];
  const [command, guarded] = dieWithParent("qemu-system-x86_64", args);
  const child = spawn(command, guarded, { stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), SMOKE_MS);
  try {
    const code = await new Promise<number | null>((resolve) => {
      child.once("error", () => resolve(null));
      child.once("close", resolve);
    });
    return code === 0 && readFileSync(log, "utf8").includes("Kernel panic");
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    rmSync(dir, { recursive: true, force: true });
  }
}
