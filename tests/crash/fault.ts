/** Injected faults (fault.c) from the test's side: armed while the process runs, and what it did, call by call. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prerequisite } from "../prerequisite.ts";

/** Calls that count; a union is their sum. */
export const CALL = {
  create: 1,
  write: 2,
  sync: 4,
  rename: 8,
  unlink: 16,
  truncate: 32,
  send: 64,
  mix: 128,
} as const;
/** libfiu as fiu-run preloads it. */
export const FIU: readonly string[] = ["run", "posix"].map((name) => `/usr/lib/fiu/fiu_${name}_preload.so`);

/** All that changes files. */
export const FILES: number = 63;
/** And what leaves the process: to the network, to the kernel's generator. */
export const EVERYTHING: number = 255;

/** Beside an errno. `kill`: the whole process group, before the call is made. `short`: half of a write. */
export const ACTION = { kill: 1000, short: 1001, EIO: 5, ENOSPC: 28, EROFS: 30 } as const;

/** One call below the watched folder, or a send, mix or reseed (`failed`: a sync that libfiu let fail); `hit`: it is the one that the fault was armed for. */
export type Call = { readonly pid: number; readonly name: string; readonly hit: boolean; readonly detail: string };

export type Arm = {
  readonly kinds: number;
  readonly at: number;
  readonly action: number;
  /** Every later call ends in the same way, until `disarm`. */
  readonly fromThenOn?: boolean;
  /** Bit n - 1: the n-th call ends in this way as well; from the 33rd again from the first bit. */
  readonly mask?: number;
};

const FLAGS = ["-std=c17", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"];
let built: string | null = null;

/** Whether drills with faults can run here. */
export const INJECTOR: boolean = prerequisite(
  spawnSync("gcc", ["--version"]).error === undefined,
  "expected gcc, to build the fault injector: apt-get install gcc libc6-dev",
);

/** The library to preload, built on the spot. */
function library(): string {
  if (built !== null) return built;
  const dir = mkdtempSync(join(tmpdir(), "bootseed-fault-"));
  process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  const out = join(dir, "fault.so");
  execFileSync("gcc", [...FLAGS, join(import.meta.dirname, "fault.c"), "-ldl", "-o", out]);
  built = out;
  return out;
}

export class Fault implements Disposable {
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-fault-"));
  readonly #control: string = join(this.#dir, "control");
  readonly #log: string = join(this.#dir, "log");
  /** For the process under test. */
  readonly env: Record<string, string>;
  /** Prefix of libfiu's control pipes: `fiu-ctrl -f`. */
  readonly pipes: string = join(this.#dir, "fiu");

  /**
   * @param under files below this folder count; an absolute path
   * @param behind libraries to preload after this one
   */
  constructor(under: string, behind: readonly string[] = []) {
    writeFileSync(this.#control, new Uint8Array(4096));
    writeFileSync(this.#log, "");
    this.env = {
      LD_PRELOAD: [library(), ...behind].join(" "),
      FIU_CTRL_FIFO: this.pipes,
      BOOTSEED_FAULT_CONTROL: this.#control,
      BOOTSEED_FAULT_LOG: this.#log,
      BOOTSEED_FAULT_UNDER: under,
    };
  }

  /** Counts `kinds` from now on; the `at`-th (from 1; 0: none) ends as `action` says. */
  arm({ kinds, at, action, fromThenOn = false, mask = 0 }: Arm): void {
    const sticky = fromThenOn ? 1 : 0;
    // `kinds` last: nothing counts before all is set.
    this.disarm();
    this.#write([at, 0, action, 0, 0, sticky, mask]);
    this.#write([at, kinds, action, 0, 0, sticky, mask]);
  }

  disarm(): void {
    this.#write([0, 0, 0, 0, 0, 0, 0]);
  }

  /** Nothing is counted or struck any more; what was stays to be read. */
  end(): void {
    this.#write([0, 0]);
  }

  /** Calls counted since `arm`. */
  get seen(): number {
    return this.#read(3);
  }

  /** How often the fault struck since `arm`. */
  get fired(): number {
    return this.#read(4);
  }

  /** All calls since the last `forget`, in order. */
  calls(): Call[] {
    const lines = readFileSync(this.#log, "utf8").split("\n");
    // A line that the process could not finish is no call that was made.
    lines.pop();
    return lines.map((line) => {
      const [pid = "", name = "", ...detail] = line.split(" ");
      return { pid: Number(pid), name: name.replace("!", ""), hit: name.endsWith("!"), detail: detail.join(" ") };
    });
  }

  forget(): void {
    truncateSync(this.#log);
  }

  #write(words: readonly number[]): void {
    const file = openSync(this.#control, "r+");
    writeSync(file, Buffer.from(Uint32Array.from(words).buffer), 0, words.length * 4, 0);
    closeSync(file);
  }

  #read(word: number): number {
    const bytes = Buffer.alloc(4);
    const file = openSync(this.#control, "r");
    readSync(file, bytes, 0, 4, word * 4);
    closeSync(file);
    return bytes.readUInt32LE();
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
