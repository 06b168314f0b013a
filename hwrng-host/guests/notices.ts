/**
 * Log lines about machines whose claim needs an operator: one for each machine and start of the service. Such a machine
 * asks for ever, and who has a VM's user-data can make up instance ids.
 */
import { toHex } from "@bootseed/protocol";
import type { Log } from "../host-context.ts";
import type { Store } from "../store/store.ts";

/** Named for each seed and reason, so that a flood of made-up machines hides no other reason: more than the machines that the database keeps of a kind. One line more counts as one of them. */
const LINES_PER_SEED = 9;
/** Seeds and reasons that are remembered; a claim proves that its seed was minted, so these are VMs of this host. */
const SEEDS = 10_000;

export const WHY = {
  other: "another machine asks with this VM's seed and gets no identity: see `bootseed vm show`",
  inItsPlace: "a machine with this VM's instance id and another identity asks with its seed: see `bootseed vm show`",
  undecided: "several machines ask with one seed, and it was not told which of them is the VM: see `bootseed vm show`",
  gone: "its stack has destroyed this VM before it claimed: who knows its user-data may ask; bootseed sync tells that it is there",
  late: "the claim comes more than 24 h after the commit: create the machine again",
  proven: "a claim of this VM comes again after its report: who knows its user-data may have sent it",
} as const;

export class Notices {
  readonly #log: Log;
  readonly #store: Pick<Store, "seeds" | "alarms">;
  readonly #said = new Map<string, Set<string>>();

  constructor(log: Log, store: Pick<Store, "seeds" | "alarms">) {
    this.#log = log;
    this.#store = store;
  }

  /**
   * Logs that a machine needs an operator, unless that was logged before or an operator has cleared it.
   *
   * @param news whether it is to be logged again
   */
  machine(seedId: Uint8Array, instanceId: string, why: string, news = false): void {
    if (news) this.#said.get(keyOf(seedId, why))?.delete(instanceId);
    else if (this.#store.alarms.isCleared(seedId, instanceId)) return;
    this.#once(seedId, instanceId, why, { instanceId });
  }

  /** Logs that several machines ask with a seed that no instance id is known for, once there are several. */
  undecided(seedId: Uint8Array): void {
    if (this.#said.has(keyOf(seedId, WHY.undecided))) return;
    const askers = this.#store.seeds.get(seedId)?.askers ?? [];
    if (askers.length < 2) return;
    this.#once(seedId, "", WHY.undecided, { instanceIds: askers.map(({ instanceId }) => instanceId) });
  }

  #once(seedId: Uint8Array, about: string, why: string, fields: object): void {
    const key = keyOf(seedId, why);
    const said = this.#said.get(key) ?? new Set();
    if (said.has(about) || said.size > LINES_PER_SEED) return;
    said.add(about);
    this.#said.set(key, said);
    const [oldest] = this.#said.keys();
    if (this.#said.size > SEEDS && oldest !== undefined) this.#said.delete(oldest);
    const name = this.#store.seeds.get(seedId)?.name;
    const rest = { why: "more machines ask with this seed than are logged: see `bootseed vm show`" };
    const shown = said.size > LINES_PER_SEED ? rest : { ...fields, why };
    this.#log.warn({ seedId: toHex(seedId), name, ...shown }, "claim needs an operator");
  }
}

const keyOf = (seedId: Uint8Array, why: string): string => `${toHex(seedId)} ${why}`;
