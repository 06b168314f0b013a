/** All chance of a simulated world: sfc32, so that a seed gives the same world on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any text; `${seed}/network` and `${seed}/faults` are independent streams */
  constructor(seed: string) {
    // FNV-1a, once per word of state.
    const bytes = new TextEncoder().encode(seed);
    const word = (salt: number): number =>
      bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5 ^ salt) >>> 0;
    [this.#a, this.#b, this.#c] = [word(0), word(0x9e3779b9), word(0x85ebca6b)];
    for (let i = 0; i < 16; i++) this.u32();
  }

  u32(): number {
    const out = (this.#a + this.#b + this.#counter++) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) >>> 0;
    return out;
  }

  /** 0 ≤ x < 1 */
  fraction(): number {
    return this.u32() / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** from ≤ x < to */
  between(from: number, to: number): number {
    return from + this.fraction() * (to - from);
  }

  /** 0 ≤ n < limit */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("pick: nothing to pick from");
    return item;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() & 0xff);
  }
}
