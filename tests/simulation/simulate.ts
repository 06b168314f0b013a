/** The whole story of one seed: a world of three hosts, days of mishaps and operations, and a calm at the end. */
import { Mishaps } from "./mishaps.ts";
import { Operations } from "./operations.ts";
import { Operator } from "./operator.ts";
import { DAY, HOUR } from "./timeline.ts";
import { Unrest } from "./unrest.ts";
import { INTERVAL_MS, World } from "./world.ts";

export type Story = {
  readonly seed: string;
  readonly vms: number;
  /** Simulated, the calm included. */
  readonly days: number;
  /** After a day: rotations, restores and losses in any order instead of planned ones. */
  readonly unrest?: boolean;
};

export type Told = {
  readonly traceHash: string;
  readonly faults: ReadonlyMap<string, number>;
  readonly counts: ReadonlyMap<string, number>;
  /** For the reader of the log. */
  readonly summary: string;
};

/** Long enough for every VM to be topped up, and for the watch to miss one that is not. */
const CALM_MS = 1.3 * INTERVAL_MS;

/** @throws Violation, with the last lines of the trace about it */
export async function simulate({ seed, vms, days, unrest = false }: Story): Promise<Told> {
  const begunMs = performance.now();
  using world = await World.create({ seed, vms, hosts: { alpha: 1, beta: 0.25, gamma: 0.05 } });
  const troubledHours = (days * DAY - CALM_MS) / HOUR;
  new Mishaps(world, troubledHours * HOUR).begin();
  plan(world, troubledHours, unrest);
  await world.run(troubledHours * HOUR);
  const before = world.ledger.of("deliveries");
  await world.run(CALM_MS);
  const calm = world.ledger.of("deliveries") - before;
  const seconds = (performance.now() - begunMs) / 1000;
  const list = (entries: Iterable<readonly [string, number]>): string =>
    [...entries].map(([what, times]) => `  ${String(times).padStart(7)}  ${what}`).join("\n");
  const summary = [
    `seed ${seed}: ${vms} VMs, 3 hosts, ${days} simulated days in ${seconds.toFixed(1)} s; ${calm} deliveries in the calm at the end`,
    list(world.ledger.counts),
    " faults:",
    list(world.ledger.faults),
    `trace ${world.ledger.traceHash}`,
  ].join("\n");
  const { traceHash, faults, counts } = world.ledger;
  return { traceHash, faults, counts, summary };
}

/** alpha is the host that everything is done to; beta dies for days; gamma lies. */
function plan(world: World, hours: number, unrest: boolean): void {
  const [alpha, beta, gamma] = world.hosts;
  if (alpha === undefined || beta === undefined || gamma === undefined) throw new Error("a story has three hosts");
  const operations = new Operations(world);
  operations.backUp(alpha);
  const operator = new Operator(alpha, world.random("operator"), world.ledger);
  const at = (share: number, run: () => void): void => operations.at(share * hours, run);
  // Before the first backup that is restored: a root that no backup holds is lost, and its VMs with it.
  at(0.01, () => {
    operator.newRoot();
    alpha.forgetSnapshots();
    alpha.snapshot();
  });
  at(0.05, () => operator.newPacketKey());
  at(0.1, () => operations.lie(gamma));
  if (!unrest) at(0.12, () => operator.announceCertificate());
  at(0.2, () => operations.dieFor(beta, 0.6 * hours * HOUR));
  at(0.25, () => {
    const home = alpha.announce.advertise;
    operator.move(["10.9.9.9:7443", ...home]);
    world.listen(alpha);
  });
  if (unrest) new Unrest(world, alpha, operator, operations).begin(hours * HOUR);
  if (unrest) return;
  at(0.5, () => operator.newPacketKey());
  at(0.65, () => operations.restore(alpha, "database"));
  at(0.72, () => operator.newPacketKey());
  at(0.78, () => operations.restore(alpha, "folder"));
  at(0.86, () => operator.useNewCertificate());
  at(0.9, () => operations.loseDatabase(alpha));
  at(0.94, () => operator.announceCertificate());
}
