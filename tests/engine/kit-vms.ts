/** Stands in for the VMs of the mock cloud: the shipped kit, run on a root folder of its own with the droplet's seed. No machine boots. */
import { GuestProcess } from "../loopback/guest-process.ts";
import type { TinyDroplet } from "./tiny-api.ts";

/** The seed file where the rendered hook holds it. */
export function seedIn(userData: string): Uint8Array {
  const base64 = /^BOOTSEED=([A-Za-z0-9+/]+=*)$/m.exec(userData)?.[1];
  if (base64 === undefined) throw new Error("expected BOOTSEED=… in the user-data");
  return new Uint8Array(Buffer.from(base64, "base64"));
}

export type Booted = { readonly droplet: TinyDroplet; readonly guest: GuestProcess; readonly hostKeys: string[] };

export class KitVms implements AsyncDisposable {
  readonly boots: Promise<Booted>[] = [];
  readonly #guests: GuestProcess[] = [];

  /** Boots without being waited for, as a cloud does. */
  readonly boot = (droplet: TinyDroplet): void => void this.boots.push(this.#boot(droplet));

  /** What a first boot does, by the kit itself; a claim before the id is known is asked again, as its unit would. */
  async #boot(droplet: TinyDroplet): Promise<Booted> {
    const guest = new GuestProcess(String(droplet.id), seedIn(droplet.userData));
    this.#guests.push(guest);
    await guest.kit("hook");
    for (let tries = 0; tries < 20 && guest.state("certificate") === null; tries++) await guest.kit("claim");
    const hostKeys = await guest.makeHostKeys();
    await guest.kit("report");
    return { droplet, guest, hostKeys };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.boots);
    for (const guest of this.#guests) guest[Symbol.dispose]();
  }
}
