/**
 * The network between guests and hosts: delay, loss, duplication, reordering, damage, partitions. TLS would hide most
 * of it; the protocol must not need that.
 */
import type { HostNode } from "./host-node.ts";
import type { Fault, Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import { HOUR, type Timeline } from "./timeline.ts";

/** As in the protocol: nobody waits longer for a connection. */
export const DEADLINE_MS = 10_000;

export type Answer = { readonly status: number; readonly body: Uint8Array };
/** Who answers at an address, and with which certificate. */
export type Server = {
  readonly host: HostNode;
  /** What comes back; a lying host's own words. */
  readonly handle: (vm: string, path: string, body: Uint8Array) => Promise<Answer>;
};

/** Probabilities per message. */
export type Weather = { readonly [kind in Fault]?: number };

export class ConnectionFailed extends Error {}

type Sent = { readonly vm: string; readonly server: Server; readonly path: string; readonly body: Uint8Array };

export class Wire {
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #servers = new Map<string, Server>();
  /** Names of VMs and hosts that nothing reaches, and until when. */
  readonly #cut = new Map<string, number>();
  /** The last answer to each VM, host and path, for replays. */
  readonly #earlier = new Map<string, Answer>();
  weather: Weather = {};
  /** Told of everything that keeps a message from its receiver: `vm` alone, `host` alone, or one pair. */
  onHurt: (vm: string | null, host: string | null) => void = () => undefined;
  /** Hosts that are killed while they work on the next request. */
  readonly killNext: Map<string, "before" | "after"> = new Map<string, "before" | "after">();

  constructor(timeline: Timeline, random: Random, ledger: Ledger) {
    this.#timeline = timeline;
    this.#random = random;
    this.#ledger = ledger;
  }

  /** @param server null: nobody lives there any more */
  listen(address: string, server: Server | null): void {
    if (server === null) this.#servers.delete(address);
    else this.#servers.set(address, server);
  }

  cut(name: string, durationMs: number): void {
    this.#cut.set(name, Math.max(this.#cut.get(name) ?? 0, this.#timeline.nowMs + durationMs));
  }

  /** Until when nothing reaches this machine; the past: it is reachable. */
  cutUntil(name: string): number {
    return this.#cut.get(name) ?? -1;
  }

  /** The server that a TLS handshake with this address would reach now. @throws ConnectionFailed */
  async connect(vm: string, address: string): Promise<Server> {
    await this.#timeline.sleep(this.#delay());
    const server = this.#servers.get(address);
    if (server === undefined || !this.#open(vm, server.host)) return this.#timeout(DEADLINE_MS);
    return server;
  }

  /** One request on that connection. @throws ConnectionFailed after the deadline when no answer came */
  async exchange(vm: string, server: Server, path: string, body: Uint8Array): Promise<Answer> {
    const { name } = server.host;
    const startMs = this.#timeline.nowMs;
    const left = (): number => startMs + DEADLINE_MS - this.#timeline.nowMs;
    const sent = { vm, server, path, body: this.#maybeDamaged(body, "request damaged", vm, name) };
    if (this.#happens("request duplicated", vm, name)) this.#again(sent, this.#random.between(1, 500));
    if (this.#happens("request replayed late", vm, name)) this.#again(sent, this.#random.between(0, 12 * HOUR));
    await this.#timeline.sleep(this.#delay());
    if (this.#happens("request lost", vm, name) || !this.#open(vm, server.host)) return this.#timeout(left());
    const answer = await this.#serve(sent);
    const slow = this.#happens("slow answer", vm, name);
    await this.#timeline.sleep(slow ? DEADLINE_MS : this.#delay());
    if (answer === null || this.#happens("answer lost", vm, name) || !this.#open(vm, server.host) || left() <= 0)
      return this.#timeout(left());
    const key = `${vm} ${name} ${path}`;
    const earlier = this.#earlier.get(key);
    this.#earlier.set(key, answer);
    if (earlier !== undefined && this.#happens("answer of an earlier request", vm, name)) return earlier;
    return { ...answer, body: this.#maybeDamaged(answer.body, "answer damaged", vm, name) };
  }

  /** @returns null when the host died meanwhile */
  async #serve({ vm, server, path, body }: Sent): Promise<Answer | null> {
    const { host } = server;
    const kill = path === "/v1/packets" ? this.killNext.get(host.name) : undefined;
    if (kill !== undefined) this.killNext.delete(host.name);
    if (kill !== undefined) this.#ledger.fault(`host killed ${kill} the commit`, `${host.name}, asked by ${vm}`);
    if (kill === "before") host.restart();
    const answer = kill === "before" ? null : await this.#timeline.standStill(server.handle(vm, path, body));
    if (kill === "after") host.restart();
    if (kill !== undefined) this.onHurt(vm, host.name);
    if (answer !== null) this.#ledger.trace(`${host.name} answers ${vm} ${path} ${answer.status}`);
    return kill === undefined ? answer : null;
  }

  /** A copy that somebody sends later; nobody hears its answer. */
  #again(sent: Sent, delayMs: number): void {
    this.#timeline.after(delayMs, async () => {
      if (this.#open(sent.vm, sent.server.host)) await this.#serve(sent);
      this.onHurt(sent.vm, sent.server.host.name);
    });
  }

  #open(vm: string, host: HostNode): boolean {
    const now = this.#timeline.nowMs;
    return host.up && this.cutUntil(vm) <= now && this.cutUntil(host.name) <= now;
  }

  #happens(kind: Fault, vm: string, host: string): boolean {
    if (!this.#random.chance(this.weather[kind] ?? 0)) return false;
    this.#ledger.fault(kind, `${vm} ${host}`);
    this.onHurt(vm, host);
    return true;
  }

  #maybeDamaged(body: Uint8Array, kind: "request damaged" | "answer damaged", vm: string, host: string): Uint8Array {
    if (body.length === 0 || !this.#happens(kind, vm, host)) return body;
    const damaged = Uint8Array.from(body);
    const at = this.#random.below(damaged.length);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << this.#random.below(8));
    return damaged;
  }

  #delay(): number {
    return this.#random.between(5, 250);
  }

  async #timeout(delayMs: number): Promise<never> {
    await this.#timeline.sleep(Math.max(0, delayMs));
    throw new ConnectionFailed("no answer within 10 s");
  }
}
