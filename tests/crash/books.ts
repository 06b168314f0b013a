/** All that ever left a host, kept outside of it, and what must be true of it after every crash. */
import { toHex, vmsAnswerSchema } from "@bootseed/protocol";
import { createHash } from "node:crypto";
import type { HostProcess } from "../loopback/host-process.ts";
import { askMint } from "./ask.ts";

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64");

export class Books {
  readonly #counters = new Map<string, Set<number>>();
  readonly #winners = new Map<string, string>();
  readonly #committed = new Set<string>();
  /** Digests of pools and chunks: entropy is given out once. */
  readonly #given = new Set<string>();
  packets = 0;

  reserved(seedId: Uint8Array, pool: Uint8Array): void {
    this.#once(pool, `the pool of ${toHex(seedId)}`);
  }

  committed(seedId: Uint8Array): void {
    this.#committed.add(toHex(seedId));
  }

  /** A final claim. @throws when somebody else had the seed */
  won(seedId: Uint8Array, identityPk: Uint8Array): void {
    const [seed, identity] = [toHex(seedId), toHex(identityPk)];
    const before = this.#winners.get(seed);
    if (before !== undefined && before !== identity) throw new Error(`two winners of seed ${seed}`);
    this.#winners.set(seed, identity);
  }

  /** A packet that a guest opened. @throws when its counter was used before */
  sent(seedId: Uint8Array, counter: number, chunk: Uint8Array): void {
    const seed = toHex(seedId);
    const counters = this.#counters.get(seed) ?? new Set();
    this.#counters.set(seed, counters);
    if (counters.has(counter)) throw new Error(`counter ${counter} of ${seed} was used twice`);
    counters.add(counter);
    this.#once(chunk, `the chunk of packet ${counter} for ${seed}`);
    this.packets++;
  }

  /** Everything that was promised is in the database of the restarted host. @returns what is not */
  async missing(host: HostProcess): Promise<string[]> {
    const { bytes } = await askMint(host.mintSocket, "/v1/vms");
    const vms = new Map(vmsAnswerSchema.parse(JSON.parse(bytes.toString())).vms.map((vm) => [vm.seedId, vm]));
    const problems: string[] = [];
    for (const seed of this.#committed) if (!vms.has(seed)) problems.push(`${seed} was committed, and is gone`);
    for (const seed of this.#winners.keys()) {
      const state = vms.get(seed)?.state;
      if (state !== "claimed" && state !== "reported") problems.push(`${seed} was claimed, and is ${state}`);
    }
    for (const [seed, counters] of this.#counters) {
      const durable = vms.get(seed)?.lastTopUp?.counter ?? 0;
      const left = Math.max(...counters);
      if (durable < left) problems.push(`packet ${left} of ${seed} left, the database knows ${durable}`);
    }
    return problems;
  }

  /** Counters that the host's log names twice: also of packets whose answer nobody got. */
  static reused(log: string): string[] {
    const seen = new Set<string>();
    const twice: string[] = [];
    for (const line of log.split("\n")) {
      if (!line.includes('"msg":"packet"')) continue;
      const { seedId, counter } = JSON.parse(line) as { seedId: string; counter: number };
      const packet = `${seedId} ${counter}`;
      if (seen.has(packet)) twice.push(packet);
      seen.add(packet);
    }
    return twice;
  }

  #once(bytes: Uint8Array, what: string): void {
    const key = digest(bytes);
    if (this.#given.has(key)) throw new Error(`${what} was given out before`);
    this.#given.add(key);
  }
}
