/** Looks for many canaries at once, in bytes and in what is packed into them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Canary, type Needle, needlesOf } from "./canary.ts";
import { layersOf } from "./unpack.ts";

/** Something to search: a name for messages, and bytes. */
export interface Place {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class CanarySearch {
  /** Whether a needle begins with these three bytes: one look per byte, however many needles there are. */
  readonly #begins = new Uint8Array(1 << 24);
  readonly #needles = new Map<number, Needle[]>();

  constructor(canaries: Iterable<Canary>) {
    for (const needle of [...canaries].flatMap(needlesOf)) {
      const [a = 0, b = 0, c = 0] = needle.bytes;
      const key = a | (b << 8) | (c << 16);
      this.#begins[key] = 1;
      const same = this.#needles.get(key);
      if (same === undefined) this.#needles.set(key, [needle]);
      else same.push(needle);
    }
    if (this.#needles.size === 0) throw new RangeError("a search for nothing finds nothing");
  }

  /**
   * Without unpacking: for a disk or a core dump.
   *
   * @returns one line for each canary and form that is there: "pool of web: base64 +1"
   */
  raw(bytes: Uint8Array): string[] {
    const found = new Set<string>();
    const begins = this.#begins;
    for (let at = 0, end = bytes.length - 3; at <= end; at++) {
      const key = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
      if (begins[key] === 0) continue;
      for (const { canary, form, bytes: needle } of this.#needles.get(key) ?? []) {
        if (needle.equals(bytes.subarray(at, at + needle.length))) found.add(`${canary}: ${form}`);
      }
    }
    return [...found].toSorted();
  }

  /** In the bytes and in all that is packed into them. */
  in(bytes: Uint8Array): string[] {
    const found = new Set<string>();
    for (const layer of layersOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))) {
      for (const line of this.raw(layer.bytes)) found.add(layer.how === "" ? line : `${line} in ${layer.how}`);
    }
    return [...found].toSorted();
  }

  /** @returns "place: canary: form" for all that was found */
  among(places: Iterable<Place>): string[] {
    return [...places].flatMap(({ name, bytes }) => this.in(bytes).map((line) => `${name}: ${line}`));
  }
}

/**
 * Every file below a folder; sockets, devices and what goes away meanwhile are left out, links are not followed.
 *
 * @param except paths relative to `top` that are left out, with all that is below them
 */
export function filesBelow(top: string, except: readonly string[] = []): Place[] {
  const below = (folder: string): Place[] =>
    readdirSync(join(top, folder), { withFileTypes: true }).flatMap((entry) => {
      const name = join(folder, entry.name);
      if (except.includes(name)) return [];
      try {
        if (entry.isDirectory()) return below(name);
        return entry.isFile() ? [{ name, bytes: readFileSync(join(top, name)) }] : [];
      } catch {
        return [];
      }
    });
  return below("");
}
