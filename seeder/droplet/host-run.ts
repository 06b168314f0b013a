/** One run of `pulumi up` against one host: what it gave, what was committed there, what it knows of a droplet. */
import {
  type AlarmedVm,
  BootseedError,
  type CreatedVm,
  encodeSeedEntry,
  fromHex,
  isGone,
  type OtherVm,
  parseSeedEntry,
  type Reservation,
  type ReservationsAnswer,
} from "@bootseed/protocol";
import { AT_ONCE, BATCH_WINDOW_MS, batched } from "../mint-client/batch.ts";
import type { CreatedDroplet, MintApi } from "../mint-client/client.ts";
import type { Gathering } from "../mint-client/gathering.ts";
import { takenByHosts } from "../mint-client/urn.ts";
import type { Watched } from "./alarms.ts";
import { newsOf, type RunDroplets } from "./news.ts";
import { type DropletReport, reportOf } from "./report.ts";

/** A droplet that exists, as the hosts need to know it. */
export interface LiveDroplet extends CreatedDroplet {
  name: string;
}

/** A seed of one host, or the reason why there is none. */
export type Offer = { ok: true; entry: Uint8Array; seedId: string; hostId: string } | { ok: false; reason: string };

/** What a host says of a droplet: its report, that it never gave it a seed, or how far it is; and what it noticed. */
export type Asked = (
  | { kind: "report"; report: DropletReport }
  | { kind: "unseeded"; report: DropletReport }
  | { kind: "waiting"; state: string }
  | { kind: "failed"; state: string }
) & { watched?: Watched };

/** A committed seed whose VM has not reported in this time is not merely slow. */
const YOUNG_MS = 15 * 60_000;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/**
 * One reservation as a seed entry; parsed again, so that a host that sends zeros or rubbish is refused here.
 *
 * @throws BootseedError of the entry, which does not know its host
 */
export function entryOf(answer: ReservationsAnswer, reservation: Reservation): Uint8Array {
  const secrets = [reservation.pool, reservation.claimKey, reservation.psk0].map(bytesOf);
  const [pool, claimKey, psk0] = secrets as [Uint8Array, Uint8Array, Uint8Array];
  try {
    const [hostId, seedId] = [fromHex(answer.hostId), fromHex(reservation.seedId)];
    const entry = encodeSeedEntry({ hostId, seedId, pool, claimKey, psk0, statement: bytesOf(answer.statement) });
    parseSeedEntry(entry);
    return entry;
  } finally {
    for (const secret of secrets) secret.fill(0);
  }
}

export class HostRun {
  /** The host as messages name it. */
  readonly host: string;
  readonly #client: MintApi;
  readonly #reserve: (urn: string) => Promise<{ answer: ReservationsAnswer; reservation: Reservation }>;
  readonly #created: (droplet: CreatedDroplet) => Promise<CreatedVm>;
  readonly #tokens = new Map<string, { seedId: string; token: string }>();
  readonly #committed = new Set<string>();
  /** By URN, what the host knew when its seed was reserved. */
  readonly #known = new Map<string, Reservation["vm"]>();
  readonly #others = new Map<string, OtherVm>();
  /** Not all of the stack's other VMs were in an answer. */
  #othersCut = false;
  readonly #told = new Set<string>();
  readonly #alarms: AlarmedVm[] = [];
  readonly #stack: string;

  /** @param stack `org/project/stack` @param telling droplets that are still to be told of */
  constructor(host: string, client: MintApi, stack: string, telling: Gathering) {
    this.host = host;
    this.#client = client;
    this.#stack = stack;
    this.#reserve = batched(async (urns) => {
      const answer = await client.reserve(stack, urns);
      this.#keep(answer);
      const byUrn = new Map(answer.reservations.map((reservation) => [reservation.urn, reservation]));
      return urns.map((urn) => {
        const reservation = byUrn.get(urn);
        if (reservation === undefined) throw new BootseedError("malformed", `host ${host} left out ${urn}`);
        return { answer, reservation };
      });
    });
    this.#created = batched(
      async (droplets) => {
        const vms = new Map((await client.created(stack, droplets)).map((vm) => [vm.urn, vm]));
        return droplets.map(
          ({ urn, instanceId }) => vms.get(urn) ?? { urn, instanceId, seedId: null, state: null, report: null },
        );
      },
      BATCH_WINDOW_MS,
      telling,
    );
  }

  /** Asks for a seed; never fails. @param urn of the droplet itself, not of the component around it */
  async reserve(urn: string): Promise<Offer> {
    if (!takenByHosts(urn)) return { ok: false, reason: `hosts take names in printable ASCII only: rename ${urn}` };
    try {
      const { answer, reservation } = await this.#reserve(urn);
      const entry = this.#entry(answer, reservation);
      this.#tokens.set(urn, { seedId: reservation.seedId, token: reservation.token });
      return { ok: true, entry, seedId: reservation.seedId, hostId: answer.hostId };
    } catch (error) {
      return { ok: false, reason: messageOf(error) };
    }
  }

  #keep({ reservations, others, othersCut, alarms }: ReservationsAnswer): void {
    for (const { urn, vm } of reservations) this.#known.set(urn, vm);
    for (const other of others ?? []) this.#others.set(other.seedId, other);
    this.#othersCut ||= (othersCut ?? 0) > 0;
    this.#alarms.push(...(alarms ?? []));
  }

  /** What the host said against VMs of the stack since this was last called. */
  newAlarms(): AlarmedVm[] {
    return this.#alarms.splice(0);
  }

  #entry(answer: ReservationsAnswer, reservation: Reservation): Uint8Array {
    try {
      return entryOf(answer, reservation);
    } catch (cause) {
      throw new BootseedError("malformed", `host ${this.host} gave no seed: ${messageOf(cause)}`, { cause });
    }
  }

  /** Takes the reserved seed for good. @throws whatever the host said */
  async commit(urn: string, name: string): Promise<void> {
    const held = this.#tokens.get(urn);
    if (held === undefined) throw new BootseedError("unavailable", `host ${this.host} reserved no seed`);
    await this.#client.commit(held.seedId, { token: held.token, bind: "instance", name });
    this.#committed.add(urn);
  }

  /** Whether this host's seed was committed in this run. */
  committed(urn: string): boolean {
    return this.#committed.has(urn);
  }

  /** Tells the host that this droplet exists, and asks what it knows of it; never fails. */
  async ask(droplet: LiveDroplet): Promise<Asked> {
    const { urn, instanceId, addresses } = droplet;
    if (!takenByHosts(urn)) {
      const unknown = { urn, instanceId, seedId: null, state: null, report: null };
      return { kind: "unseeded", report: reportOf(unknown, droplet) };
    }
    try {
      const vm = await this.#created({ urn, instanceId, addresses });
      this.#told.add(urn);
      if (vm.report !== null) return { kind: "report", report: reportOf(vm, droplet), watched: vm };
      if (vm.seedId === null && !this.committed(urn)) return { kind: "unseeded", report: reportOf(vm, droplet) };
      return { kind: "waiting", state: `${vm.state ?? "unknown"} at host ${this.host}`, watched: vm };
    } catch (error) {
      return { kind: "failed", state: messageOf(error) };
    }
  }

  /**
   * Tells the host what it does not know of the droplets of a run that has ended well; asks for nothing where there is nothing to tell.
   *
   * @param addressesOf of a droplet that exists
   * @throws whatever the host said
   */
  async settle(droplets: RunDroplets, addressesOf: (urn: string) => Promise<string[]>): Promise<void> {
    const others = this.#othersCut ? await this.#allOthers() : [...this.#others.values()];
    const told = { known: this.#known, others, told: this.#told, committed: this.#committed };
    const { exist, absent } = newsOf(droplets, told);
    const created = await Promise.all(
      exist.filter(takenByHosts).map(async (urn) => {
        return { urn, instanceId: droplets.ids.get(urn) ?? "", addresses: await addressesOf(urn) };
      }),
    );
    for (let at = 0; at < created.length; at += AT_ONCE)
      await this.#client.created(this.#stack, created.slice(at, at + AT_ONCE));
    for (let at = 0; at < absent.length; at += AT_ONCE)
      await this.#client.absent(this.#stack, absent.slice(at, at + AT_ONCE));
  }

  async #allOthers(): Promise<readonly Pick<OtherVm, "seedId" | "urn" | "instanceId">[]> {
    const all = await this.#client.vms();
    return all.filter((vm) => vm.stack === this.#stack && vm.bind === "instance" && vm.joined !== true && !isGone(vm));
  }

  /** Whether the host saw this droplet's seed committed only minutes ago. */
  async knowsAsYoung(droplet: LiveDroplet, nowMs: number): Promise<boolean> {
    try {
      // The instance-id of a machine that joined or claimed first is what that machine says.
      const told = (await this.#client.vms()).filter(({ bind, joined }) => bind === "instance" && joined !== true);
      const vm = told.find((one) => one.instanceId === droplet.instanceId);
      return vm !== undefined && nowMs - vm.committedAt * 1000 < YOUNG_MS;
    } catch {
      return false;
    }
  }
}
