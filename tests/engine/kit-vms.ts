/** Stands in for the VMs of the mock cloud: the shipped kit, run on a root folder of its own with the droplet's seed. No machine boots. */
import { setTimeout as sleep } from "node:timers/promises";
import { BootQueue } from "../../local-cloud/boot-queue.ts";
import { GuestProcess } from "../loopback/guest-process.ts";
import type { TinyDroplet } from "./tiny-api.ts";

/** Between two turns of a unit; a real one waits seconds and more each time. */
const TURN_MS = 250;

/** The seed file where the rendered hook holds it. */
export function seedIn(userData: string): Uint8Array {
  const base64 = /^BOOTSEED=([A-Za-z0-9+/]+=*)$/m.exec(userData)?.[1];
  if (base64 === undefined) throw new Error("expected BOOTSEED=… in the user-data");
  return new Uint8Array(Buffer.from(base64, "base64"));
}

/** One machine. */
export class KitVm {
  readonly droplet: TinyDroplet;
  readonly guest: GuestProcess;
  /** Its public host keys, once it has some. */
  hostKeys: string[] = [];
  #reported = false;

  constructor(droplet: TinyDroplet) {
    this.droplet = droplet;
    this.guest = new GuestProcess(String(droplet.id), seedIn(droplet.userData));
  }

  /** The host gave it a certificate. */
  get enrolled(): boolean {
    return this.guest.state("certificate") !== null;
  }

  /** One turn of its units: claims until it is enrolled, then makes keys and reports. @returns whether it is done, with or without success */
  async turn(): Promise<boolean> {
    const final = this.enrolled || (await this.guest.kit("claim")).code === 0;
    if (!this.enrolled) return final;
    if (this.hostKeys.length === 0) this.hostKeys = await this.guest.makeHostKeys("ed25519");
    this.#reported ||= (await this.guest.kit("report")).code === 0;
    return this.#reported;
  }
}

export class KitVms implements AsyncDisposable {
  /** In the order of creation; resolved when they are done, or were told not to ask any longer. */
  readonly boots: Promise<KitVm>[] = [];
  readonly vms: KitVm[] = [];
  readonly #open = new Set<KitVm>();
  /** So many work at a time: a hundred at once would not keep the kit's own deadlines. */
  readonly #processors = new BootQueue(4);
  #asking = true;

  /** Boots without being waited for, as a cloud does. */
  readonly boot = (droplet: TinyDroplet): void => {
    const vm = new KitVm(droplet);
    this.vms.push(vm);
    this.boots.push(this.#processors.run(() => vm.guest.kit("hook")).then(() => this.#ask(vm)));
  };

  /** Lets each take one more turn, begun from now on, and then rest; returns when they do. */
  async rest(): Promise<void> {
    this.#asking = false;
    await Promise.all(this.boots);
  }

  /** Machines that boot from now on ask until they are done, while those that rest do not. */
  admitNew(): void {
    this.#asking = true;
  }

  /** Those that were not done ask again, as a unit does after minutes. @param exists whether the droplet is still there */
  resume(exists: (id: number) => boolean): void {
    this.#asking = true;
    for (const vm of this.#open) {
      if (exists(vm.droplet.id)) this.boots[this.vms.indexOf(vm)] = this.#ask(vm);
      else this.#open.delete(vm);
    }
  }

  async #ask(vm: KitVm): Promise<KitVm> {
    this.#open.add(vm);
    for (;;) {
      const last = !this.#asking;
      if (await this.#processors.run(() => vm.turn())) this.#open.delete(vm);
      if (last || !this.#open.has(vm)) return vm;
      await sleep(TURN_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#asking = false;
    await Promise.allSettled(this.boots);
    for (const { guest } of this.vms) guest[Symbol.dispose]();
  }
}
