/**
 * A guest's disk in memory, as little helpful as POSIX allows: what was not synced may be there after a crash, or not,
 * or in part. A rename is atomic, but counts only once its folder was synced.
 */
import type { Random } from "./random.ts";

type Inode = { data: Uint8Array; durable: Uint8Array | null; mtimeMs: number };
type Folder = Map<string, Inode>;

/** Thrown by every step of a machine that lost its power: whoever catches it still has no disk. */
export class PowerLost extends Error {
  constructor() {
    super("simulated loss of power");
  }
}

export class Disk {
  readonly #random: Random;
  #files: Folder = new Map();
  /** States of the folder since its last sync, oldest first: a crash keeps one of them. */
  #names: Folder[] = [new Map()];
  /** Steps that may change something, until the power goes; null: it stays. */
  #stepsLeft: number | null = null;
  /** Every loss of power makes what runs now a ghost. */
  #boot = 0;
  /** Sabotage: a disk that says "synced" and did nothing. */
  lies = false;
  /** Told when the power goes in the middle of a step. */
  onPowerLost: () => void = () => undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  get boot(): number {
    return this.#boot;
  }

  /** The power will go within the next steps. */
  crashWithin(steps: number): void {
    this.crashAtStep(this.#random.below(steps));
  }

  /** @param step 0: before the next one does anything */
  crashAtStep(step: number): void {
    this.#stepsLeft = step;
  }

  get crashArmed(): boolean {
    return this.#stepsLeft !== null;
  }

  loseThePower(): void {
    this.#boot++;
    this.#stepsLeft = null;
    const names = this.lies ? this.#names[0] : this.#random.pick(this.#names);
    const survivors = [...(names ?? [])].flatMap(([name, inode]): [string, Inode][] => {
      const data = this.#afterCrash(inode);
      return data === null ? [] : [[name, { data, durable: data, mtimeMs: inode.mtimeMs }]];
    });
    this.#files = new Map(survivors);
    this.#names = [new Map(this.#files)];
  }

  /** What a backup of the machine holds. Only files that were synced. */
  image(): ReadonlyMap<string, { readonly data: Uint8Array; readonly mtimeMs: number }> {
    const newest = this.#names[0] ?? new Map<string, Inode>();
    return new Map(
      [...newest].map(([name, inode]) => [name, { data: inode.durable ?? inode.data, mtimeMs: inode.mtimeMs }]),
    );
  }

  /** The machine comes up with an older disk. */
  rollBack(image: ReturnType<Disk["image"]>): void {
    this.#boot++;
    this.#stepsLeft = null;
    this.#files = new Map([...image].map(([name, { data, mtimeMs }]) => [name, { data, durable: data, mtimeMs }]));
    this.#names = [new Map(this.#files)];
  }

  read(path: string): Uint8Array | null {
    const inode = this.#files.get(path);
    return inode === undefined ? null : inode.data.slice();
  }

  mtimeMs(path: string): number | null {
    return this.#files.get(path)?.mtimeMs ?? null;
  }

  list(folder: string): string[] {
    const prefix = `${folder}/`;
    const below = [...this.#files.keys()].filter((path) => path.startsWith(prefix));
    return [...new Set(below.map((path) => path.slice(prefix.length).split("/", 1)[0] ?? ""))].toSorted();
  }

  write(path: string, data: Uint8Array, nowMs: number): void {
    this.#step();
    const inode: Inode = { data: Uint8Array.from(data), durable: null, mtimeMs: nowMs };
    this.#files.set(path, inode);
    this.#renamed();
  }

  sync(path: string): void {
    this.#step();
    const inode = this.#files.get(path);
    if (inode !== undefined && !this.lies) inode.durable = inode.data;
  }

  rename(from: string, to: string): void {
    this.#step();
    const inode = this.#files.get(from);
    if (inode === undefined) throw Object.assign(new Error(`ENOENT: ${from}`), { code: "ENOENT" });
    this.#files.delete(from);
    this.#files.set(to, inode);
    this.#renamed();
  }

  remove(path: string): void {
    this.#step();
    this.#files.delete(path);
    this.#renamed();
  }

  /** All names at once: one folder is synced as soon as any is, which a journal does too. */
  syncFolder(): void {
    this.#step();
    if (!this.lies) this.#names = [new Map(this.#files)];
  }

  #renamed(): void {
    this.#names.push(new Map(this.#files));
  }

  #step(): void {
    if (this.#stepsLeft === null) return;
    if (this.#stepsLeft-- > 0) return;
    this.onPowerLost();
    throw new PowerLost();
  }

  #afterCrash({ data, durable }: Inode): Uint8Array | null {
    if (durable !== null || this.lies) return durable;
    const torn = this.#random.below(3);
    if (torn === 0) return new Uint8Array(0);
    return torn === 1 ? data.slice(0, this.#random.below(data.length + 1)) : data;
  }
}
