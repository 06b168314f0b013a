/** A world: hosts, guests, the wire between them, one clock, and somebody who watches. */
import { parsePacketAnswer, toHex } from "@bootseed/protocol";
import { createHash } from "node:crypto";
import type { HostContext } from "../../hwrng-host/host-context.ts";
import { enrolAll } from "./enrol.ts";
import { GuestNode } from "./guest-node.ts";
import { HostNode } from "./host-node.ts";
import { Ledger } from "./ledger.ts";
import { Liar } from "./liar.ts";
import { tlsPairs } from "./tls-pairs.ts";
import { Random } from "./random.ts";
import { HOUR, MINUTE, Timeline } from "./timeline.ts";
import { Watch } from "./watch.ts";
import { type Answer, type Server, Wire } from "./wire.ts";

export type WorldOptions = {
  readonly seed: string;
  readonly vms: number;
  /** By name: which share of the VMs each has; the address of the n-th is 10.0.n.1:7443. */
  readonly hosts: Readonly<Record<string, number>>;
  readonly intervalMs?: number;
  /** Sabotage, for tests of the simulation itself. */
  readonly bendHost?: (context: HostContext) => HostContext;
};

/** A packet that an honest host sealed: for whom, and on which counter. */
export type Sealed = { readonly vm: string; readonly host: HostNode; readonly counter: number };

export const INTERVAL_MS: number = 6 * HOUR;
/** Of the limit that nobody may exceed: timers and their jitter. */
const SLACK = 1.05;
/** Lines that say nothing which the watch does not count itself. */
const ORDINARY = new Set(["packet", "receipt", "claim", "reserved", "committed", "refused"]);
const CHECK_EVERY_MS = 10 * MINUTE;

export class World implements Disposable {
  readonly timeline: Timeline = new Timeline();
  readonly ledger: Ledger = new Ledger(() => this.timeline.nowMs);
  readonly wire: Wire;
  readonly hosts: readonly HostNode[];
  readonly guests: readonly GuestNode[];
  readonly watch: Watch;
  readonly options: WorldOptions;
  /** Hosts that lie from now on. */
  readonly liars: Map<string, Liar> = new Map<string, Liar>();
  readonly #vmOfSeed = new Map<string, string>();
  readonly #sealed = new Map<string, Sealed>();
  #lastCounter = 0;

  private constructor(options: WorldOptions) {
    this.options = options;
    const { vms, hosts, intervalMs = INTERVAL_MS } = options;
    const nowMs = (): number => this.timeline.nowMs;
    this.wire = new Wire(this.timeline, this.random("wire"), this.ledger);
    this.hosts = Object.keys(hosts).map((name, n) => {
      const announce = { advertise: [`10.0.${n}.1:7443`], intervalMs };
      const log = (fields: object, message: string): void => this.#logged(name, fields, message);
      const bend = options.bendHost ?? ((context) => context);
      return new HostNode({ name, announce, pair: tlsPairs.take(), random: this.random(name), nowMs, log, bend });
    });
    this.timeline.afterEvent = () => this.ledger.rethrow();
    for (const host of this.hosts) this.listen(host);
    this.guests = Array.from({ length: vms }, (_, n) => new GuestNode(this, `vm-${n}.`, this.random(`vm-${n}.`)));
    this.watch = new Watch({
      pairs: this.hosts.map((host) => [host, this.#vmsOf(host)]),
      ledger: this.ledger,
      nowMs,
      withinMs: intervalMs * SLACK,
      meet: (vm, host) => this.meet(vm, host),
    });
    this.wire.onHurt = (vm, host) => this.watch.disturbed(vm, host);
  }

  static async create(options: WorldOptions): Promise<World> {
    const world = new World(options);
    for (const host of world.hosts) {
      for (const one of await enrolAll(host, world.#vmsOf(host), world.random(`${host.name}/enrol`))) {
        world.#vmOfSeed.set(one.seedId, one.vm);
        world.guest(one.vm).moveIn(one);
      }
    }
    for (const guest of world.guests) guest.powerOn();
    world.#patrol();
    return world;
  }

  random(purpose: string): Random {
    return new Random(`${this.options.seed}/${purpose}`);
  }

  guest(name: string): GuestNode {
    const guest = this.guests[Number(/\d+/.exec(name)?.[0])];
    if (guest === undefined) throw new Error(`no such VM: ${name}`);
    return guest;
  }

  /** Puts a host behind the addresses that it announces. */
  listen(host: HostNode): void {
    const server: Server = { host, handle: async (vm, path, body) => this.#handle(host, vm, path, body) };
    for (const address of host.announce.advertise) this.wire.listen(address, server);
  }

  /** Whether the two could talk now, and the host is an honest one. */
  meet(vm: string, host: HostNode): boolean {
    const now = this.timeline.nowMs;
    const open = host.up && this.wire.cutUntil(vm) < now && this.wire.cutUntil(host.name) < now;
    return open && !this.liars.has(host.name) && this.guest(vm).on;
  }

  /** Who sealed this packet; null: nobody honest. */
  sealedBy(packet: Uint8Array): Sealed | null {
    return this.#sealed.get(digest(packet)) ?? null;
  }

  async run(durationMs: number): Promise<void> {
    await this.timeline.runUntil(this.timeline.nowMs + durationMs);
  }

  [Symbol.dispose](): void {
    for (const host of this.hosts) host.close();
  }

  /** Every n-th VM. */
  #vmsOf(host: HostNode): string[] {
    const every = Math.round(1 / (this.options.hosts[host.name] ?? 1));
    return this.guests.filter((_, n) => n % every === 0).map(({ name }) => name);
  }

  #patrol(): void {
    this.watch.check();
    this.timeline.after(CHECK_EVERY_MS, () => this.#patrol());
  }

  async #handle(host: HostNode, vm: string, path: string, body: Uint8Array): Promise<Answer> {
    const honest = await host.request(path, body);
    if (path === "/v1/packets" && honest.status === 200) {
      const { packet } = parsePacketAnswer(honest.body);
      this.#sealed.set(digest(packet), { vm, host, counter: this.#lastCounter });
    }
    const liar = this.liars.get(host.name);
    if (liar === undefined || path !== "/v1/packets") return honest;
    const { answer, lie } = liar.tell(honest);
    this.ledger.fault("host lying", `${host.name} to ${vm}: ${lie}`);
    return answer;
  }

  /** The host's own log says which counter a packet left on: the wire shows only ciphertext. */
  #logged(name: string, fields: object, message: string): void {
    if (!ORDINARY.has(message)) this.ledger.count(`host: ${message}`);
    if (!("counter" in fields) || !("bytes" in fields) || !("seedId" in fields)) return;
    const host = this.hosts.find((one) => one.name === name);
    const vm = this.#vmOfSeed.get(String(fields.seedId));
    if (host === undefined || vm === undefined) return;
    this.#lastCounter = Number(fields.counter);
    this.ledger.trace(`${name} seals ${this.#lastCounter} for ${vm}`);
    this.watch.sent(host, vm, this.#lastCounter);
  }
}

function digest(packet: Uint8Array): string {
  return toHex(createHash("sha256").update(packet).digest());
}
