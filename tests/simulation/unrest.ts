/** A host whose operator and whose disks give it no rest: rotations, restores and losses in any order. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { FILES } from "../../hwrng-host/identity/keys.ts";
import type { HostNode } from "./host-node.ts";
import type { Operations } from "./operations.ts";
import type { Operator } from "./operator.ts";
import type { Random } from "./random.ts";
import { DAY, HOUR } from "./timeline.ts";
import type { World } from "./world.ts";

const MEAN_PAUSE_MS = 7 * HOUR;
/** A pin is published so long before its certificate is shown, and the next one follows no sooner. */
const PUBLISHED_MS = DAY;
/** No backup that is restored is older: pins of two certificates back are nobody's any more. */
const OLDEST_BACKUP_MS = 31 * HOUR;

export class Unrest {
  readonly #world: World;
  readonly #host: HostNode;
  readonly #operator: Operator;
  readonly #operations: Operations;
  readonly #random: Random;
  #announcedMs = -OLDEST_BACKUP_MS;
  #usedMs = -OLDEST_BACKUP_MS;

  constructor(world: World, host: HostNode, operator: Operator, operations: Operations) {
    this.#world = world;
    this.#host = host;
    this.#operator = operator;
    this.#operations = operations;
    this.#random = world.random("unrest");
  }

  begin(untilMs: number): void {
    const pause = -Math.log(1 - this.#random.fraction()) * MEAN_PAUSE_MS;
    this.#world.timeline.after(pause, () => {
      if (this.#world.timeline.nowMs >= untilMs) return;
      this.#random.pick(this.#steps)();
      this.begin(untilMs);
    });
  }

  readonly #steps: readonly (() => void)[] = [
    () => this.#operator.newPacketKey(),
    () => this.#operator.newPacketKey(),
    () => this.#certificate(),
    () => this.#certificate(),
    () => this.#newRoot(),
    () => this.#restore("database"),
    () => this.#restore("folder"),
    () => this.#restore("folder"),
    () => this.#operations.loseDatabase(this.#host),
  ];

  #certificate(): void {
    const now = this.#world.timeline.nowMs;
    const waiting = existsSync(join(this.#host.dir, FILES.tlsNextCertificate));
    if (!waiting && now - this.#usedMs > OLDEST_BACKUP_MS) {
      this.#operator.announceCertificate();
      this.#announcedMs = now;
    } else if (waiting && now - this.#announcedMs > PUBLISHED_MS) {
      this.#operator.useNewCertificate();
      this.#usedMs = now;
    }
  }

  /** Backups of before are worthless then: they hold a root that VMs have left. */
  #newRoot(): void {
    this.#operator.newRoot();
    this.#host.forgetSnapshots();
  }

  #restore(what: "database" | "folder"): void {
    if (this.#host.snapshotBefore(DAY) !== null) this.#operations.restore(this.#host, what);
  }
}
