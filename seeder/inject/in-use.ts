/** Who has an image now. Writing below a kernel or a VM that has it destroys its file system. */
import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync, type Stats } from "node:fs";
import { join } from "node:path";
import { BootseedError } from "@bootseed/protocol";

const BUSY = "shut it down or unmount it, then inject";

/** What a missing right or an ended process leaves unknown is left out. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

const isSame = (a: Stats | undefined, b: Stats): boolean => a !== undefined && a.ino === b.ino && a.dev === b.dev;
const processes = (proc: string): string[] => readdirSync(proc).filter((name) => /^\d+$/.test(name));

function loopDevice(real: string, sys: string): string | undefined {
  const devices = attempt(() => readdirSync(join(sys, "block"))) ?? [];
  return devices.find((device) => {
    const backing = attempt(() => readFileSync(join(sys, "block", device, "loop/backing_file"), "utf8"));
    return backing?.trim() === real;
  });
}

/** QEMU's image locks, seen also where another user's processes cannot be looked at. */
function isLocked({ ino, dev }: Stats, proc: string): boolean {
  const hex = (n: number): string => n.toString(16).padStart(2, "0");
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const locks = attempt(() => readFileSync(join(proc, "locks"), "utf8")) ?? "";
  return locks.split("\n").some((line) => line.split(/\s+/).includes(`${hex(major)}:${hex(minor)}:${ino}`));
}

function holder(stat: Stats, proc: string): string | undefined {
  for (const pid of processes(proc)) {
    if (Number(pid) === process.pid) continue;
    const fds = attempt(() => readdirSync(join(proc, pid, "fd"))) ?? [];
    if (
      fds.some((fd) =>
        isSame(
          attempt(() => statSync(join(proc, pid, "fd", fd))),
          stat,
        ),
      )
    )
      return `process ${pid} (${attempt(() => readFileSync(join(proc, pid, "comm"), "utf8").trim()) ?? "?"})`;
  }
  return undefined;
}

/**
 * @param proc and sys: where the kernel tells; folders of a test
 * @throws BootseedError "conflict" when a loop device, a lock or another process has the file
 */
export function refuseImageInUse(file: string, proc: string = "/proc", sys: string = "/sys"): void {
  const stat = statSync(file);
  const loop = loopDevice(realpathSync(file), sys);
  const who = loop === undefined ? holder(stat, proc) : `/dev/${loop}`;
  if (who !== undefined) throw new BootseedError("conflict", `${file} is in use by ${who}: ${BUSY}`);
  if (isLocked(stat, proc))
    throw new BootseedError("conflict", `${file} is locked, as a running VM's disk is: ${BUSY}`);
}

/** @throws BootseedError "conflict" when something runs in this root folder, first of all this machine itself */
export function refuseRootInUse(root: string, proc: string = "/proc"): void {
  const stat = statSync(root);
  if (isSame(statSync("/"), stat))
    throw new BootseedError("conflict", `${root} is this running machine: name the folder of a closed image`);
  const pid = processes(proc).find((one) =>
    isSame(
      attempt(() => statSync(join(proc, one, "root"))),
      stat,
    ),
  );
  if (pid === undefined) return;
  const program = attempt(() => readlinkSync(join(proc, pid, "exe"))) ?? "?";
  throw new BootseedError("conflict", `process ${pid} (${program}) runs with ${root} as its root: ${BUSY}`);
}
