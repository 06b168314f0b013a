/** What goes wrong by chance, as often as the seed says, until the calm at the end. */
import type { GuestNode } from "./guest-node.ts";
import type { HostNode } from "./host-node.ts";
import type { Random } from "./random.ts";
import { DAY, HOUR, MINUTE } from "./timeline.ts";
import type { Weather } from "./wire.ts";
import type { World } from "./world.ts";

const FAIR: Weather = {
  "request lost": 0.005,
  "answer lost": 0.005,
  "request duplicated": 0.005,
  "request replayed late": 0.001,
  "answer of an earlier request": 0.002,
  "request damaged": 0.002,
  "answer damaged": 0.002,
  "slow answer": 0.002,
};
/** How much worse a storm is. */
const STORM = 40;
/** After so long a host owes a VM a packet again: 8 a day. */
const TOKEN_MS = 3 * HOUR;
const YEAR = 365 * DAY;
const CLOCK_JUMPS = [-2 * YEAR, 400 * DAY, -HOUR, HOUR] as const;

export class Mishaps {
  readonly #world: World;
  readonly #random: Random;
  readonly #untilMs: number;

  /** @param untilMs nothing goes wrong after this */
  constructor(world: World, untilMs: number) {
    this.#world = world;
    this.#random = world.random("mishaps");
    this.#untilMs = untilMs;
  }

  begin(): void {
    const { wire, timeline } = this.#world;
    wire.weather = FAIR;
    timeline.after(this.#untilMs - timeline.nowMs, () => {
      wire.weather = {};
    });
    this.#often(8 * HOUR, () => this.#storm());
    this.#oftenVm(12 * MINUTE, (vm) => this.#cut("VM cut off", vm.name, this.#random.between(5 * MINUTE, 9 * HOUR)));
    this.#oftenVm(4 * MINUTE, (vm) => vm.crashSoon());
    this.#oftenVm(15 * MINUTE, (vm) => this.#rollBackLater(vm));
    this.#oftenVm(10 * MINUTE, (vm) => this.#guestClock(vm));
    this.#oftenVm(20 * MINUTE, (vm) => this.#sleep(vm));
    this.#oftenVm(10 * MINUTE, (vm) => this.#loseReceipts(vm));
    this.#oftenHost(20 * HOUR, (host) =>
      this.#cut("host cut off", host.name, this.#random.between(10 * MINUTE, 3 * HOUR)),
    );
    this.#oftenHost(
      3 * HOUR,
      (host) => void this.#world.wire.killNext.set(host.name, this.#random.pick(["before", "after"])),
    );
    this.#oftenHost(5 * HOUR, (host) => this.#restart(host));
    this.#oftenHost(9 * HOUR, (host) => this.#hostClock(host));
  }

  #storm(): void {
    const { wire, timeline } = this.#world;
    const worse = Object.entries(FAIR).map(([kind, probability]) => [kind, probability * STORM]);
    wire.weather = Object.fromEntries(worse) as Weather;
    this.#world.ledger.count("storms");
    timeline.after(this.#random.between(5 * MINUTE, HOUR), () => {
      if (timeline.nowMs < this.#untilMs) wire.weather = FAIR;
    });
  }

  #cut(kind: "VM cut off" | "host cut off", name: string, durationMs: number): void {
    this.#world.ledger.fault(kind, `${name} for ${(durationMs / HOUR).toFixed(1)} h`);
    this.#world.wire.cut(name, Math.min(durationMs, this.#untilMs - this.#world.timeline.nowMs));
  }

  #rollBackLater(vm: GuestNode): void {
    const image = vm.disk.image();
    this.#world.timeline.after(this.#random.between(HOUR, DAY), () => {
      if (this.#over) return;
      this.#world.ledger.fault("guest disk rolled back", vm.name);
      vm.rollBack(image);
    });
  }

  #guestClock(vm: GuestNode): void {
    const jump = this.#random.pick(CLOCK_JUMPS);
    this.#world.ledger.fault("guest clock jumped", `${vm.name} by ${jump / HOUR} h`);
    this.#shift(vm, jump, (byMs) => {
      const { watch, timeline } = this.#world;
      watch.disturbed(vm.name, null);
      // The age of the last top-up is wrong by as much, until the clock has passed that time again or a packet came.
      if (byMs < 0) timeline.after(Math.min(-byMs, TOKEN_MS), () => watch.disturbed(vm.name, null));
    });
  }

  #hostClock(host: HostNode): void {
    const jump = this.#random.pick(CLOCK_JUMPS);
    this.#world.ledger.fault("host clock jumped", `${host.name} by ${jump / HOUR} h`);
    this.#shift(host, jump, () => this.#world.watch.disturbed(null, host.name));
  }

  /** Somebody sets it right later. */
  #shift(machine: { skewMs: number }, jumpMs: number, disturbed: (byMs: number) => void): void {
    machine.skewMs += jumpMs;
    disturbed(jumpMs);
    this.#world.timeline.after(this.#random.between(10 * MINUTE, 20 * HOUR), () => {
      machine.skewMs -= jumpMs;
      disturbed(-jumpMs);
    });
  }

  #sleep(vm: GuestNode): void {
    this.#world.ledger.fault("guest asleep", vm.name);
    vm.losePower(Math.min(this.#random.between(HOUR, 2 * DAY), this.#untilMs - this.#world.timeline.nowMs));
  }

  #loseReceipts(vm: GuestNode): void {
    this.#world.ledger.fault("receipts lost in a row", vm.name);
    vm.receiptsToLose = 3 * this.#world.hosts.length;
  }

  #restart(host: HostNode): void {
    this.#world.ledger.fault("host restarted", host.name);
    host.restart();
    this.#world.watch.disturbed(null, host.name);
  }

  get #over(): boolean {
    return this.#world.timeline.nowMs >= this.#untilMs;
  }

  /** A Poisson process. */
  #often(meanMs: number, happen: () => void): void {
    this.#world.timeline.after(-Math.log(1 - this.#random.fraction()) * meanMs, () => {
      if (this.#over) return;
      happen();
      this.#often(meanMs, happen);
    });
  }

  #oftenVm(meanMs: number, happen: (vm: GuestNode) => void): void {
    const scale = 1000 / this.#world.guests.length;
    this.#often(meanMs * scale, () => {
      const vm = this.#random.pick(this.#world.guests);
      if (vm.on) happen(vm);
    });
  }

  #oftenHost(meanMs: number, happen: (host: HostNode) => void): void {
    this.#often(meanMs, () => {
      const host = this.#random.pick(this.#world.hosts);
      if (host.up) happen(host);
    });
  }
}
