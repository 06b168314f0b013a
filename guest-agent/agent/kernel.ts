/** The kernel through bootseed-mix: Node has no ioctl, and only 64 bytes ever cross into what runs as root. */
import { randomFillSync } from "node:crypto";
import { existsSync } from "node:fs";
import type { Duplex } from "node:stream";
import { childProcess, net } from "./lazy.ts";
import type { Kernel } from "./world.ts";

const NOT_TRIED = 255;
/** The helper itself waits at most 30 s for a generator that is not ready. */
const DEADLINE_MS = 40_000;

/** Where the helper is: a socket that systemd starts it from, or the program itself for whoever is root. */
export interface HelperPaths {
  readonly socket: string;
  readonly program: string;
}

export function realKernel(paths: HelperPaths): Kernel {
  const mixAndReseed = async (hash64: Uint8Array): Promise<{ rcMix: number; rcReseed: number }> => {
    if (hash64.length !== 64) throw new RangeError(`hash: expected 64 bytes, got ${hash64.length}`);
    const answer = existsSync(paths.socket)
      ? await exchange(net().connect(paths.socket), hash64)
      : await runHelper(paths.program, hash64);
    const [rcMix = NOT_TRIED, rcReseed = NOT_TRIED] = answer;
    return { rcMix, rcReseed };
  };
  const reseed = async (): Promise<number> => {
    // The helper knows one message: the system's own randomness, mixed back, changes nothing and reseeds.
    return (await mixAndReseed(randomFillSync(new Uint8Array(64)))).rcReseed;
  };
  return { mixAndReseed, reseed };
}

async function runHelper(program: string, hash64: Uint8Array): Promise<Uint8Array> {
  const child = childProcess().spawn(program, [], { stdio: ["pipe", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    // No helper, no mixing: both codes say "not tried", and the host is told so.
    child.once("error", () => resolve(new Uint8Array(0)));
    child.stdin.on("error", () => undefined);
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.once("close", () => resolve(Buffer.concat(chunks)));
    child.stdin.end(hash64);
  });
}

async function exchange(stream: Duplex & { setTimeout(ms: number): unknown }, hash64: Uint8Array): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    stream.setTimeout(DEADLINE_MS);
    stream.once("timeout", () => stream.destroy());
    stream.once("error", () => resolve(new Uint8Array(0)));
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.once("close", () => resolve(Buffer.concat(chunks)));
    stream.end(hash64);
  });
}
