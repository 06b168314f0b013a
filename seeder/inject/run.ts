/** Programs of the system that work on images. */
import { spawnSync } from "node:child_process";
import { BootseedError } from "@bootseed/protocol";

export interface Program {
  name: string;
  /** Debian's package, for whoever lacks it. */
  from: string;
}

export const DEBUGFS: Program = { name: "debugfs", from: "e2fsprogs" };
export const PARTX: Program = { name: "partx", from: "util-linux" };
export const PYTHON: Program = { name: "python3", from: "python3" };
export const QEMU_IMG: Program = { name: "qemu-img", from: "qemu-utils" };
export const QEMU_STORAGE_DAEMON: Program = { name: "qemu-storage-daemon", from: "qemu-system-common" };

export interface Ended {
  status: number | null;
  stdout: Buffer;
  stderr: string;
}

/** These live in sbin, which is not on every user's PATH. */
export const withSbin = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
  LC_ALL: "C",
});

/** It is not installed. */
export class NoProgram extends BootseedError {
  constructor({ name, from }: Program) {
    super("io", `there is no ${name} on PATH: install it (Debian: ${from})`);
  }
}

export const missing = (program: Program): NoProgram => new NoProgram(program);

/**
 * @param fds handed on as 3, 4, …: a file is written as the one that was checked, whatever its name points at by now
 * @throws BootseedError "io" when the program is not there
 */
export function run(program: Program, args: readonly string[], input: string = "", fds: readonly number[] = []): Ended {
  const stdio: ("pipe" | number)[] = ["pipe", "pipe", "pipe", ...fds];
  // qemu-img says a line for each broken cluster.
  const ended = spawnSync(program.name, args, { input, stdio, env: withSbin(), maxBuffer: Infinity });
  if (ended.error !== undefined) {
    const { code, message } = ended.error as NodeJS.ErrnoException;
    throw code === "ENOENT" ? missing(program) : new BootseedError("io", `${program.name}: ${message}`);
  }
  return { status: ended.status, stdout: ended.stdout, stderr: ended.stderr.toString("utf8") };
}
