/** Which calls a real program and its children make, in order, as strace sees them. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prerequisite } from "../prerequisite.ts";

/** For `describe.skipIf(!STRACE)`. */
export const STRACE: boolean = prerequisite(
  spawnSync("strace", ["-V"]).status === 0,
  "expected strace: apt-get install strace",
);

const CALLS = "trace=ioctl,getrandom,read,pread64,connect,write,writev,sendto,sendmsg";

/**
 * `reseed`: RNDRESEEDCRNG. `kernel`: 32 bytes or more of the kernel's generator (the C library asks for 8 when a program
 * starts). `connect`: a TCP connection is opened. `send`: bytes on a TCP connection.
 */
export type TracedCall = "reseed" | "kernel" | "connect" | "send";

const KINDS: readonly (readonly [TracedCall, RegExp])[] = [
  ["reseed", /^ioctl\(.*RNDRESEEDCRNG/],
  ["kernel", /^(getrandom\(|p?read(64)?\(\d+<\/dev\/u?random).*, (3[2-9]|[4-9]\d|\d{3,})[,)]/],
  ["connect", /^connect\(.*AF_INET/],
  ["send", /^(write|writev|sendto|sendmsg)\(\d+<(TCP|socket)/],
];

export class Tracer implements Disposable {
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-strace-"));
  readonly #file: string = join(this.#dir, "calls");

  /** Words to put before the program. */
  get before(): string[] {
    return ["strace", "-f", "-yy", "-qq", "-s", "0", "-e", CALLS, "-o", this.#file];
  }

  /** The calls up to now, oldest first; others than the four kinds are left out. */
  calls(): TracedCall[] {
    const lines = readFileSync(this.#file, "utf8").split("\n");
    return lines.flatMap((line) => {
      const call = line.replace(/^\d+ +/, "");
      return KINDS.filter(([, pattern]) => pattern.test(call)).map(([kind]) => kind);
    });
  }

  /** How many calls this matches, as strace writes them. */
  count(pattern: RegExp): number {
    return readFileSync(this.#file, "utf8")
      .split("\n")
      .filter((line) => pattern.test(line)).length;
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
