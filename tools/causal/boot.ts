import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** One repeatable boot of the mini VM. */
export interface Boot {
  readonly kernel: string;
  readonly initrd: string;
  /** file that fw_cfg carries as opt/bootseed/seed; absent: no seed */
  readonly seedFile?: string;
  /** kernel arguments `NAME=value`, which init finds in its environment */
  readonly environment: Readonly<Record<string, string>>;
  /** where the serial console goes */
  readonly consoleFile: string;
  /** the VM is killed after this; 120 s is ten times what it takes */
  readonly deadlineMs?: number;
}

/**
 * Instruction counting makes time itself part of the emulation (`-icount … sleep=off`), the clock starts at a fixed date, and the
 * processor (a plain one: fewer alternatives to patch in, 2 s less) has no RDRAND: two runs that get the same input execute the same instructions, so all that differs comes from the seed.
 */
const REPEATABLE = (
  "-machine q35,accel=tcg -icount shift=0,sleep=off -rtc base=2026-01-01,clock=vm -seed 1 -cpu qemu64 " +
  "-m 384 -smp 1 -nodefaults -no-user-config -display none -no-reboot"
).split(" ");
const KERNEL_ARGUMENTS =
  "console=ttyS0 quiet panic=-1 random.trust_cpu=off random.trust_bootloader=off mitigations=off cryptomgr.notests nokaslr";

/**
 * Boots, waits for the VM to end itself, and returns its console.
 *
 * @throws Error when QEMU is missing, fails, or does not end within the deadline; the message holds the console's last lines
 */
export async function boot(spec: Boot): Promise<string> {
  const environment = Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`);
  const args = [...REPEATABLE, "-kernel", spec.kernel, "-initrd", spec.initrd];
  args.push("-append", [KERNEL_ARGUMENTS, ...environment].join(" "), "-serial", `file:${spec.consoleFile}`);
  if (spec.seedFile !== undefined) args.push("-fw_cfg", `name=opt/bootseed/seed,file=${spec.seedFile}`);
  const failure = await runBound("qemu-system-x86_64", args, spec.deadlineMs ?? 120_000);
  const text = readFileSync(spec.consoleFile, { encoding: "utf8", flag: "a+" }).replaceAll("\r", "");
  if (failure === null && text.includes("\nCAUSAL end")) return text;
  const tail = text.trim().split("\n").slice(-8).join("\n");
  throw new Error(`the mini VM did not finish: ${failure ?? "it ended early"}; its console ended with\n${tail}`);
}

/** Runs a program that dies with us, even on kill -9 (setpriv --pdeathsig). Returns null or what went wrong. */
async function runBound(program: string, args: readonly string[], deadlineMs: number): Promise<string | null> {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", program, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, deadlineMs);
  const code = await new Promise<number | string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (status, signal) => resolve(status ?? String(signal)));
  });
  clearTimeout(timer);
  if (late) return `it was killed after ${deadlineMs / 1000} s`;
  return code === 0 ? null : `${program}: ${code} ${stderr.trim().slice(-300)} (missing? run \`npm run setup\`)`;
}
