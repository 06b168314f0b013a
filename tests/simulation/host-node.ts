/**
 * One simulated machine that runs the real host: its API, identity, generator and store, on a state folder of its own.
 * What the operator and the disk do to it is here; when they do it is the faults' business.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rbg3 } from "../../hwrng-host/drbg/rbg3.ts";
import { guestApp } from "../../hwrng-host/guests/app.ts";
import { Notices } from "../../hwrng-host/guests/notices.ts";
import { Refusals } from "../../hwrng-host/guests/refusals.ts";
import { ReceiptKeys } from "../../hwrng-host/guests/receipt-keys.ts";
import type { HostContext } from "../../hwrng-host/host-context.ts";
import { loadIdentity } from "../../hwrng-host/identity/host-identity.ts";
import { type Announcement, FILES, initState } from "../../hwrng-host/identity/init.ts";
import type { TlsPair } from "../../hwrng-host/identity/self-signed.ts";
import { AssessedSource } from "../../hwrng-host/sources/assessed-source.ts";
import { openSqliteStore } from "../../hwrng-host/store/sqlite-store.ts";
import { NoiseSource } from "./noise-source.ts";
import type { Random } from "./random.ts";

/** Saturday, 21 November 2026, noon. */
const NOON_MS = 1_795_262_400_000;

export type HostLog = (fields: object, message: string) => void;

export type HostNodeOptions = {
  readonly name: string;
  readonly announce: Announcement;
  readonly pair: TlsPair;
  readonly random: Random;
  /** True milliseconds. */
  readonly nowMs: () => number;
  readonly log: HostLog;
  /** Sabotage, for tests of the simulation itself. */
  readonly bend?: (context: HostContext) => HostContext;
};

export class HostNode {
  readonly name: string;
  readonly #options: HostNodeOptions;
  readonly #root: string = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "bootseed-world-"));
  readonly #snapshots = new Map<number, string>();
  announce: Announcement;
  /** What its wall clock is off by. */
  skewMs = 0;
  up = true;
  /** Rises whenever the database's past is replaced: counters are compared within one history only. */
  history = 0;
  #context: HostContext;
  #keys: ReceiptKeys = new ReceiptKeys();
  #app: ReturnType<typeof guestApp>;

  constructor(options: HostNodeOptions) {
    this.#options = options;
    this.name = options.name;
    this.announce = options.announce;
    initState(this.dir, this.announce, (bytes) => options.random.bytes(bytes), options.pair);
    this.#context = this.#start();
    this.#app = guestApp(this.#context, this.#keys);
  }

  get dir(): string {
    return join(this.#root, "state");
  }

  get context(): HostContext {
    return this.#context;
  }

  /** One request over TLS, whose certificate the guest has compared. */
  async request(path: string, body: Uint8Array): Promise<{ status: number; body: Uint8Array }> {
    const request = new Request(`https://host${path}`, { method: "POST", body: Uint8Array.from(body) });
    const response = await this.#app.fetch(request);
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()) };
  }

  /** A new process on the same folder; what was in memory only is gone. `change` happens while it is down. */
  restart(change: () => void = () => undefined): void {
    this.#keys = new ReceiptKeys();
    this.#reopen(change);
  }

  /** Copies the state folder as a backup would. */
  snapshot(): void {
    const copy = join(this.#root, `snapshot-${this.#options.nowMs()}`);
    this.#reopen(() => cpSync(this.dir, copy, { recursive: true }));
    this.#snapshots.set(this.#options.nowMs(), copy);
  }

  /** @returns the youngest snapshot that is at least so old */
  snapshotBefore(ageMs: number): string | null {
    const old = [...this.#snapshots].filter(([atMs]) => atMs <= this.#options.nowMs() - ageMs);
    return old.at(-1)?.[1] ?? null;
  }

  forgetSnapshots(): void {
    this.#snapshots.clear();
  }

  /** `database`: host.db alone; `folder`: keys, statement and all. */
  restore(snapshot: string, what: "database" | "folder"): void {
    this.history++;
    this.restart(() => {
      if (what === "database") {
        cpSync(join(snapshot, FILES.database), join(this.dir, FILES.database));
        return;
      }
      rmSync(this.dir, { recursive: true });
      mkdirSync(this.dir, { mode: 0o700 });
      cpSync(snapshot, this.dir, { recursive: true });
      // The config is no part of the state folder: where the host lives now is signed anew.
      const { pair, random } = this.#options;
      initState(this.dir, this.announce, (bytes) => random.bytes(bytes), pair, this.#seconds());
    });
  }

  loseDatabase(): void {
    this.history++;
    this.restart(() => rmSync(join(this.dir, FILES.database)));
  }

  close(): void {
    // Open or not: an operation may have failed in between, and that is what the reader must see.
    try {
      this.#context.store.close();
    } catch {}
    rmSync(this.#root, { recursive: true, force: true });
  }

  #reopen(meanwhile: () => void): void {
    this.#context.store.close();
    meanwhile();
    this.#context = this.#start();
    this.#app = guestApp(this.#context, this.#keys);
  }

  /** Its wall clock. */
  #seconds(): number {
    return Math.floor((NOON_MS + this.#options.nowMs() + this.skewMs) / 1000);
  }

  #start(): HostContext {
    const { random, nowMs, log, bend } = this.#options;
    const identity = loadIdentity(this.dir);
    const sources = [new AssessedSource(new NoiseSource(), nowMs, () => undefined)];
    const systemRandom = (bytes: number): Uint8Array => random.bytes(bytes);
    const store = openSqliteStore(join(this.dir, FILES.database));
    const lines = { info: log, warn: log, error: log };
    const context: HostContext = {
      identity,
      store,
      generator: new Rbg3({ sources, allowChained: false, personalization: identity.hostId, systemRandom, now: nowMs }),
      sources,
      now: () => this.#seconds(),
      random: systemRandom,
      log: lines,
      refusals: new Refusals(lines, () => Math.floor(nowMs() / 1000)),
      notices: new Notices(lines, store),
    };
    return bend?.(context) ?? context;
  }
}
