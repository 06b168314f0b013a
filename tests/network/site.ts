/** A host and its VMs in a network: the real service and the shipped kit. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { init } from "../../hwrng-host/commands/init.ts";
import { MintClient } from "../../hwrng-host/mint/client.ts";
import { type PushAnswer, pushAnswerSchema, pushSetSchema } from "../../hwrng-host/mint/push.ts";
import { GuestProcess, type Ran } from "../loopback/guest-process.ts";
import { HostProcess, type MintedSeed } from "../loopback/host-process.ts";
import type { Machine } from "./namespaces.ts";

const PORT = 7443;

/** The host on its machine. @param advertise what guests dial; by default the machine's own address */
export async function hostOn(machine: Machine, advertise = `${machine.address}:${PORT}`): Promise<HostProcess> {
  const host = await HostProcess.make(PORT);
  const config = readFileSync(host.config, "utf8")
    .replace(/guests: .*/, `guests: 0.0.0.0:${PORT}`)
    .replace(/(advertise:\s+- ).*/, `$1${advertise}`);
  // The shortest interval there is: whoever is dialled again is dialled within a minute.
  writeFileSync(host.config, `${config}intervalMs: 60000\n`);
  await init({ config: host.config });
  await host.start({ before: machine.before });
  return host;
}

export type Vm = { readonly seed: MintedSeed; readonly guest: GuestProcess; readonly machine: Machine };

/** A VM that just booted with its seed. */
export async function vmOn(machine: Machine, host: HostProcess, id: number): Promise<Vm> {
  const seed = await host.mint(`web-${id}`);
  await host.created(seed, String(id));
  return { seed, machine, guest: new GuestProcess(String(id), seed.file) };
}

/** One verb of the kit, on the VM's machine. */
export async function kit({ guest, machine }: Vm, verb: string): Promise<Ran> {
  return guest.kitUnder({ before: machine.before }, verb);
}

/** What an operator does to have a VM dialled. */
export async function dialAt(host: HostProcess, { seed }: Vm, address: string): Promise<void> {
  await new MintClient(join(host.dir, "mint.sock")).post("/v1/push", { seedId: seed.seedId, address }, pushSetSchema);
}

export async function pushes(host: HostProcess): Promise<PushAnswer> {
  return new MintClient(join(host.dir, "mint.sock")).get("/v1/push", pushAnswerSchema);
}

/** Waits for something that comes by itself; the test's own time limit ends it. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 200));
}
