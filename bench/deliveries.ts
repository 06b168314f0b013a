/** Deliveries by `tcp` and by `pull`: the host's processor time apart from the guests', and the bytes on the wire. */
import { keyPair, toHex } from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initState } from "../hwrng-host/identity/init.ts";
import { selfSigned } from "../hwrng-host/identity/self-signed.ts";
import { freePort } from "../tools/free-port.ts";
import { Capture } from "../tests/network/wire-bytes.ts";
import type { Bench, World } from "./bench.ts";
import { ANNOUNCE, Child, DATABASE } from "./delivery/channel.ts";
import { fill } from "./fleet.ts";
import { perCpuSecond } from "./measure.ts";
import { atLeast, atMost, compared, type Row } from "./row.ts";
import { median } from "./stats.ts";

const HERE = { before: [] };
/** The address of VM number 0, and nobody else's. */
const FIRST_VM = "127.1.0.0";

export const deliveries: Bench = {
  name: "deliveries",
  what: "deliveries by tcp and by pull, per processor second of the host, and bytes on the wire",
  async run(world) {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-deliveries-"));
    try {
      return [...(await byTcp(join(dir, "tcp"), world)), ...(await byPull(join(dir, "pull"), world))];
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
};

type Site = { readonly host: Child; readonly address: string; readonly seed: string; readonly port: number };

/** A host's process over a fleet that is due now. */
async function site(dir: string, count: number): Promise<Site> {
  const pair = await selfSigned("bootseed bench", randomBytes(8));
  initState(dir, ANNOUNCE, (bytes) => randomBytes(bytes), pair);
  const seed = randomBytes(32);
  const identityPk = keyPair("ed25519", seed).publicKey;
  const port = await freePort();
  const now = Math.floor(Date.now() / 1000);
  fill(join(dir, DATABASE), { count, identityPk, now, spreadSeconds: 0, port });
  const host = new Child("host.ts", [dir, String(port)], false);
  const { listening = "" } = await host.told();
  return { host, address: listening, seed: toHex(seed), port };
}

/** One VM alone: in a backlog, acknowledgements that would ride on data come by themselves. */
async function wireOfOnePush(dir: string): Promise<number> {
  const { host, address, seed, port } = await site(dir, 1);
  using _ = host;
  using guests = new Child("guests.ts", [dir, String(port), address, seed]);
  await guests.told();
  await using capture = await Capture.start(HERE, "lo", `tcp and host ${FIRST_VM}`);
  await drain(host, 1, 1);
  return await quiet(capture); // before the capture ends
}

async function byTcp(dir: string, { quick, say }: World): Promise<Row[]> {
  const count = quick ? 2500 : 12_000;
  const { host, address, seed, port } = await site(dir, count);
  using _ = host;
  using guests = new Child("guests.ts", [dir, String(port), address, seed]);
  await guests.told();
  const rates = await drain(host, count, quick ? 500 : 2000);
  say(`tcp: ${count} VMs dialled`);
  const rate = median(rates);
  const wire = await insist(dir, wireOfOnePush);
  return [
    {
      what: "delivery by tcp",
      value: rate,
      unit: "/cpu-s",
      goal: atLeast(rate, 3300, "≥ 3,300 /cpu-s"),
      note: "the host's process: schedule, new connection, hello verified, counter durable, seal, receipt checked, two lines of log",
    },
    {
      what: "delivery by tcp, on the wire",
      value: wire,
      unit: "B",
      goal: atMost(wire, 2000, "≤ 2,000 B"),
      note: "IP packets both ways by tcpdump, from SYN to the last acknowledgement",
    },
  ];
}

/** Dials everybody. @returns rates, one for about every `window` deliveries after the first window */
async function drain(host: Child, count: number, window: number): Promise<number[]> {
  const rates: number[] = [];
  let last: { cpuUs: number; done: number } | null = null;
  let done = 0;
  await host.ask("tick");
  for (let still = 0; done < count;) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { cpuUs = Number.NaN, pushed = {} } = await host.ask("usage");
    const delivered = pushed["delivered"] ?? 0;
    const others = Object.entries(pushed).filter(([name]) => name !== "delivered");
    if (others.length > 0) throw new Error(`expected deliveries only, got ${JSON.stringify(pushed)}`);
    still = delivered === done ? still + 1 : 0;
    if (still > 100) throw new Error(`no delivery for 10 s after ${delivered} of ${count}`);
    done = delivered;
    if (last === null ? done >= window : done - last.done >= window) {
      if (last !== null) rates.push(perCpuSecond({ count: done - last.done, cpuUs: cpuUs - last.cpuUs }));
      last = { cpuUs, done };
    }
  }
  return rates;
}

async function wireOfOnePull(dir: string): Promise<number> {
  const { host, address, seed } = await site(dir, 1);
  using _ = host;
  using guests = new Child("guests.ts", [dir, "0", address, seed]);
  await guests.told();
  await using capture = await Capture.start(HERE, "lo", `tcp port ${address.split(":")[1]}`);
  await guests.ask({ pull: 1, first: 0 });
  return await quiet(capture); // before the capture ends
}

async function byPull(dir: string, { quick, say }: World): Promise<Row[]> {
  const [rounds, count] = quick ? [3, 200] : [7, 600];
  const { host, address, seed } = await site(dir, (rounds + 1) * count);
  using _ = host;
  using floor = new Child("floor.ts", [dir]);
  const floorAddress = (await floor.told()).listening ?? "";
  using guests = new Child("guests.ts", [dir, "0", address, seed]);
  using others = new Child("guests.ts", [dir, "0", floorAddress, seed]);
  await Promise.all([guests.told(), others.told()]);
  const rates = { ours: [] as number[], floor: [] as number[] };
  let first = 0;
  for (let round = 0; round <= rounds; round++) {
    const ours = await measured(host, count, async () => guests.ask({ pull: count, first }));
    first += count;
    const least = await measured(floor, count, async () => others.ask({ empty: count }));
    if (round === 0) continue; // warm-up
    rates.ours.push(ours);
    rates.floor.push(least);
  }
  say(`pull: ${first} VMs asked`);
  const wire = await insist(dir, wireOfOnePull);
  const [ours, least] = [median(rates.ours), median(rates.floor)];
  return [
    {
      what: "delivery by pull",
      value: ours,
      unit: "/cpu-s",
      ...compared(ours, "TLS floor", least),
      goal: atLeast(ours, 1500, "≥ 1,500 /cpu-s"),
      note: "two requests on one new TLS 1.3 connection; the floor is node:https with an empty 200 to one request, and nothing else",
    },
    { what: "delivery by pull, on the wire", value: wire, unit: "B" },
  ];
}

/** Bytes of a connection that may end with a reset, so that no packet says it is the last: nothing more for 2 s. */
async function quiet(capture: Capture): Promise<number> {
  for (let seen = -1, tries = 0; tries < 5; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const wire = existsSync(capture.file) ? capture.packets().reduce((sum, { bytes }) => sum + bytes, 0) : 0;
    if (wire > 0 && wire === seen) return wire;
    seen = wire;
  }
  throw new Error(`tcpdump saw no delivery, or no end of it: ${capture.packets().length} packets`);
}

/** On a busy machine tcpdump now and then hands over nothing of a single connection: a new host and VM, up to 5 times. */
async function insist(dir: string, once: (dir: string) => Promise<number>): Promise<number> {
  for (let turn = 1; turn < 5; turn++) {
    const wire = await once(`${dir}-${turn}`).catch(() => null);
    if (wire !== null) return wire;
  }
  return once(`${dir}-5`);
}

async function measured(child: Child, count: number, work: () => Promise<unknown>): Promise<number> {
  const before = await child.cpuUs();
  await work();
  return perCpuSecond({ count, cpuUs: (await child.cpuUs()) - before });
}
