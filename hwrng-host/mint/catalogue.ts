/**
 * All VMs of this host without their reports, and what is contested among them, read once for each change: many
 * requests ask for a few of them, and names and addresses are contested across all.
 */
import { createHash } from "node:crypto";
import { type Contest, toHex } from "@bootseed/protocol";
import type { Store, VmOutline } from "../store/store.ts";
import { adminAccounts, contestsOf } from "./contests.ts";

/** A VM as a filter sees it: with the name of the client that had its seed minted, and its account. */
export type Listed = Omit<VmOutline, "client"> & { readonly client: string | null; readonly account: string };

export interface Contents {
  readonly revision: number;
  /** In the order of their commits. */
  readonly vms: readonly Listed[];
  /** With every holder named. */
  readonly contests: ReadonlyMap<string, readonly Contest[]>;
}

export class Catalogue {
  readonly #store: Store;
  #contents: Contents | null = null;
  /** Of VMs, by seedId, whose contests are others since that revision: their own rows may not have changed. */
  readonly #contestRevisions = new Map<string, number>();

  constructor(store: Store) {
    this.#store = store;
  }

  read(): Contents {
    const revision = this.#store.revisions.now();
    if (this.#contents?.revision === revision) return this.#contents;
    const outlines = this.#store.seeds.outlines();
    const clients = this.#store.mintClients.all();
    const names = new Map(clients.map(({ clientId, name }) => [`client:${toHex(clientId)}`, name]));
    const there = outlines.filter(({ forgottenAt }) => forgottenAt === null);
    const found = contestsOf(there, adminAccounts(clients), () => true);
    const contests = new Map([...found].map(([row, list]) => [toHex(row.seedId), list]));
    this.#noteChanges(contests, revision);
    const vms = outlines.map((row) => ({ ...row, client: minterOf(row, names), account: row.client }));
    this.#contents = { revision, vms, contests };
    return this.#contents;
  }

  /** @returns seedIds, hexadecimal, of VMs that are shown otherwise than at `revision` */
  changedSince(revision: number): Set<string> {
    const changed = this.#store.revisions.changedSince(revision);
    for (const [seedId, at] of this.#contestRevisions) if (at > revision) changed.add(seedId);
    return changed;
  }

  /**
   * A revision as a client keeps it. Another process, or another set of stacks, makes another name of it.
   * @param stacks what the client may see
   */
  nameOf(revision: number, stacks: readonly string[]): string {
    const seen = createHash("sha256").update(JSON.stringify([this.#store.revisions.epoch, stacks]));
    return `${seen.digest("hex").slice(0, 16)}.${revision}`;
  }

  /** @returns null for a name that this process did not give to such a client: it has to read all */
  revisionOf(name: string, stacks: readonly string[]): number | null {
    const revision = Number(/^[0-9a-f]{16}\.(\d{1,15})$/.exec(name)?.[1] ?? Number.NaN);
    return this.nameOf(revision, stacks) === name ? revision : null;
  }

  #noteChanges(contests: Contents["contests"], revision: number): void {
    const before = this.#contents?.contests ?? new Map<string, readonly Contest[]>();
    for (const seedId of new Set([...before.keys(), ...contests.keys()]))
      if (JSON.stringify(before.get(seedId)) !== JSON.stringify(contests.get(seedId)))
        this.#contestRevisions.set(seedId, revision);
  }
}

/** Of a machine that joined there was no seed; of one that was taken back by its certificate the client is not known. */
function minterOf(row: VmOutline, names: ReadonlyMap<string, string>): string | null {
  if (row.joined || (row.imported && row.urn === "")) return null;
  return names.get(row.client) ?? row.client;
}

const catalogues = new WeakMap<Store, Catalogue>();

/** One for each store, whatever the number of listeners. */
export function catalogueOf(store: Store): Catalogue {
  const known = catalogues.get(store) ?? new Catalogue(store);
  catalogues.set(store, known);
  return known;
}
