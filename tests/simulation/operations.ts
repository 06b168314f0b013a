/** What an operator does to hosts, or what befalls a whole host: at planned times, so that every world has them all. */
import type { HostNode } from "./host-node.ts";
import { Liar } from "./liar.ts";
import { DAY, HOUR } from "./timeline.ts";
import type { World } from "./world.ts";

export class Operations {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** @param atHours of the world's time */
  at(atHours: number, run: () => void): void {
    const { timeline } = this.#world;
    timeline.after(atHours * HOUR - timeline.nowMs, run);
  }

  /** A backup every six hours, as long as the world lasts. */
  backUp(host: HostNode): void {
    if (host.up) host.snapshot();
    this.#world.timeline.after(6 * HOUR, () => this.backUp(host));
  }

  /** The power of the host's machine; its guests know nothing of it. */
  dieFor(host: HostNode, durationMs: number): void {
    this.#world.ledger.fault("host dead for days", `${host.name} for ${(durationMs / DAY).toFixed(1)} d`);
    host.up = false;
    this.#world.timeline.after(durationMs, () => {
      host.restart();
      host.up = true;
      this.#world.watch.disturbed(null, host.name);
    });
  }

  /** From now on for ever: who lies once is not asked to heal. */
  lie(host: HostNode): void {
    this.#world.ledger.trace(`${host.name} lies from now on`);
    this.#world.liars.set(host.name, new Liar(this.#world.random(`${host.name}/lies`)));
  }

  /** The whole database, or the whole folder, is the one of a day ago. */
  restore(host: HostNode, what: "database" | "folder"): void {
    const snapshot = host.snapshotBefore(DAY);
    if (snapshot === null) throw new Error(`${host.name} has no snapshot of yesterday`);
    this.#world.ledger.fault(`host ${what} restored`, host.name);
    host.restore(snapshot, what);
    this.#world.watch.disturbed(null, host.name);
  }

  loseDatabase(host: HostNode): void {
    this.#world.ledger.fault("host database lost", host.name);
    host.loseDatabase();
    this.#world.watch.disturbed(null, host.name);
  }
}
