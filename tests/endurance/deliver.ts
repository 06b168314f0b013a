/**
 * Deliveries without end, in a process of their own: the host's API, generator and store on tmpfs, and guests that verify,
 * open and acknowledge every packet. Prints a JSON line for each sample, after a garbage collection.
 *
 *     node --expose-gc tests/endurance/deliver.ts PACKETS SAMPLES
 */
import { readdirSync, rmSync, symlinkSync } from "node:fs";
import { Bench } from "../../hwrng-host/testing/bench.ts";
import type { TestGuest } from "../../hwrng-host/testing/guest.ts";

/** What one sample says; memory in bytes. */
export type Sample = { readonly packets: number; readonly rss: number; readonly descriptors: number };

const VMS = 200;
/** The quota is 8 packets a day. */
const ROUND_SECONDS = 4 * 3600;

function collect(): void {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("start node with --expose-gc");
  gc();
}

async function enrol(host: Bench, n: number): Promise<TestGuest> {
  const guest = await host.guest("first-claim", `i-${n}`, `urn:${n}`);
  const { status, bytes } = await host.send("/v1/claims", guest.claim());
  if (status !== 200) throw new Error(`claim ${n}: ${status}`);
  guest.enrol(bytes);
  return guest;
}

async function deliver(host: Bench, guest: TestGuest): Promise<void> {
  const { status, bytes } = await host.send("/v1/packets", guest.hello());
  if (status !== 200) throw new Error(`packet after ${guest.lastCounter}: ${status}, ${host.logged.at(-1)}`);
  const before = guest.lastCounter;
  const opened = guest.open(bytes);
  if (opened.counter !== before + 1) throw new Error(`counter ${opened.counter} after ${before}`);
  const receipt = await host.send("/v1/receipts", guest.receipt(opened));
  if (receipt.status !== 204) throw new Error(`receipt ${opened.counter}: ${receipt.status}`);
}

const [packets = 0, samples = 1] = process.argv.slice(2).map(Number);
await using host = new Bench();
// A device that never ends: the system's generator stands in for the noise.
rmSync(host.device.device);
symlinkSync("/dev/urandom", host.device.device);
const guests: TestGuest[] = [];
for (let n = 0; n < VMS; n++) guests.push(await enrol(host, n));
let done = 0;
for (let sample = 1; sample <= samples; sample++) {
  while (done < (packets * sample) / samples) {
    host.clock.now += ROUND_SECONDS;
    for (const guest of guests) await deliver(host, guest);
    host.logged.length = 0;
    done += guests.length;
  }
  collect();
  const told: Sample = {
    packets: done,
    rss: process.memoryUsage.rss(),
    descriptors: readdirSync("/proc/self/fd").length,
  };
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
