/**
 * One run of `pulumi up` against its hosts: seeds of all that answer, at least `minHosts`; no value of one host is ever
 * given to another. Everything that decides is here, without Pulumi, so that it can be tested with a clock and clients
 * of the test's own.
 */
import { BootseedError, encodeSeedFile } from "@bootseed/protocol";
import type { MintApi } from "../mint-client/client.ts";
import { Gathering } from "../mint-client/gathering.ts";
import { type Asked, HostRun, type LiveDroplet, messageOf, type Offer } from "./host-run.ts";
import { alarmsOf, remarksOf, type Watched } from "./alarms.ts";
import type { RunDroplets } from "./news.ts";
import { agreedReport } from "./agreement.ts";
import { doubtIn, type DropletReport, type NoReport, noReport } from "./report.ts";

/** How long `up` waits for the report of a droplet that it has just created: boot, claim, host keys, sshd. */
export const DEFAULT_REPORT_TIMEOUT_MS: number = 180_000;
/** Whoever waits for a first login waits for this too; all droplets of a run ask in one request. */
const ASK_AGAIN_MS = 500;
const SAY_AGAIN_MS = 2_000;

/** A reservation that came, or the reason why there is none. */
export type Reserved = { ok: true; seedFile: Uint8Array; seedId: string } | { ok: false; reason: string };

export interface SeedRunOptions {
  /** 1 to 4 in the user's order, named as messages are to name them, each with its client. */
  hosts: readonly { host: string; client: MintApi }[];
  /** Fewer seeds than this make no droplet. */
  minHosts: number;
  /** `org/project/stack`. */
  stack: string;
  /** One line for the user, once per kind of trouble. */
  warn: (message: string) => void;
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Droplets of the program that the hosts are still to be told of, shared by all its runs; default: none is announced. */
  telling?: Gathering;
}

type Given = { run: HostRun; offer: Offer };

/** Two names that lead to one host are one source: its second entry is no seed. */
function withoutDoubles(given: readonly Given[]): Given[] {
  const first = new Map<string, string>();
  return given.map(({ run, offer }) => {
    if (!offer.ok) return { run, offer };
    const known = first.get(offer.hostId);
    first.set(offer.hostId, known ?? run.host);
    if (known === undefined) return { run, offer };
    return { run, offer: { ok: false, reason: `${run.host} and ${known} are one host, ${offer.hostId}` } };
  });
}

export class SeedRun {
  readonly #options: SeedRunOptions;
  readonly #runs: readonly HostRun[];
  readonly #telling: Gathering;
  /** The hosts whose seeds are in the droplet's user-data, or why there are too few. */
  readonly #held = new Map<string, readonly HostRun[] | { reason: string }>();
  readonly #reserved = new Map<string, Promise<Reserved>>();
  readonly #used = new Set<string>();
  readonly #warned = new Set<string>();
  readonly #alarms = new Map<string, readonly string[]>();

  constructor(options: SeedRunOptions) {
    this.#options = options;
    this.#telling = options.telling ?? new Gathering();
    this.#runs = options.hosts.map(({ host, client }) => new HostRun(host, client, options.stack, this.#telling));
  }

  /**
   * Asks every host for a seed, once per URN. Never fails: hosts that do not answer must not block a run that creates nothing.
   *
   * @param urn of the droplet itself, not of the component around it
   */
  reserve(urn: string): Promise<Reserved> {
    const known = this.#reserved.get(urn);
    if (known !== undefined) return known;
    const asked = this.#reserve(urn);
    this.#reserved.set(urn, asked);
    return asked;
  }

  async #reserve(urn: string): Promise<Reserved> {
    const offers = await Promise.all(this.#runs.map(async (run) => ({ run, offer: await run.reserve(urn) })));
    for (const { run } of offers)
      for (const vm of run.newAlarms()) this.#warnOf(vm, vm.name, [...alarmsOf(vm), ...remarksOf(vm)]);
    const given = withoutDoubles(offers);
    const seeds = given.flatMap(({ run, offer }) => (offer.ok ? [{ run, offer }] : []));
    const reasons = given.flatMap(({ offer }) => (offer.ok ? [] : [offer.reason]));
    const [first] = seeds;
    if (first === undefined || seeds.length < this.#options.minHosts) {
      const reason = this.#tooFew(seeds.length, "gave a seed", reasons);
      this.#held.set(urn, { reason });
      const advice = "What exists is left alone; a new droplet will be refused";
      this.#warnOnce("reserve", `no seeds in this run: ${reason}. ${advice}`);
      return { ok: false, reason };
    }
    if (reasons.length > 0) {
      const enough = `${seeds.length} of ${given.length} hosts gave seeds, ${this.#options.minHosts} are enough (minHosts)`;
      this.#warnOnce("some", `${reasons.join("; ")}. ${enough}`);
    }
    const runs = seeds.map(({ run }) => run);
    this.#held.set(urn, runs);
    const seedFile = encodeSeedFile(seeds.map(({ offer }) => offer.entry));
    for (const { offer } of seeds) offer.entry.fill(0);
    return { ok: true, seedFile, seedId: first.offer.seedId };
  }

  /**
   * Takes the reserved seeds for good, immediately before the droplet is created. It throws when they are too few, and
   * then nothing has been created.
   *
   * @param urn as in `reserve`
   * @param name shown by `bootseed vm ls` and in messages
   */
  async commit(urn: string, name: string): Promise<void> {
    const held = this.#held.get(urn) ?? { reason: "none was reserved in this run" };
    const refuse = (reason: string, cause?: unknown): never => {
      const message = `no seed for ${name}: ${reason}; nothing was created; run pulumi up again when that is mended`;
      throw new BootseedError("unavailable", message, { cause });
    };
    if ("reason" in held) return refuse(held.reason);
    if (this.#used.has(urn)) return refuse("its seed was already used in this run");
    const results = await Promise.allSettled(held.map((run) => run.commit(urn, name)));
    const failed = results.filter((result) => result.status === "rejected");
    const reasons = failed.map(({ reason }) => messageOf(reason));
    const committed = held.length - failed.length;
    if (committed < this.#options.minHosts)
      return refuse(this.#tooFew(committed, "took the commit", reasons), failed[0]?.reason);
    this.#used.add(urn);
    // Its entry is in the user-data all the same: it is mixed, and that host will not know the VM.
    if (failed.length > 0) this.#options.warn(`${name}: not committed everywhere: ${reasons.join("; ")}`);
  }

  /**
   * Tells every host that this droplet exists and returns what the VM has reported: once `minHosts` hosts say the same.
   * Waits only for a droplet that was committed in this run or is still young at a host, at most `timeoutMs`; never fails.
   *
   * @param progress called with a line about every two seconds while waiting
   */
  async report(
    droplet: LiveDroplet,
    timeoutMs: number,
    progress: (line: string) => void,
  ): Promise<DropletReport | NoReport> {
    const { now, sleep, minHosts } = this.#options;
    const { urn, name } = droplet;
    const start = now();
    let said = -SAY_AGAIN_MS;
    let young: boolean | undefined = this.#used.has(urn) ? true : undefined;
    for (let first = true; ; first = false) {
      const answers = this.#runs.map((run) => run.ask(droplet));
      if (first) this.#telling.arrive();
      const asked = await Promise.all(answers);
      this.#warnOfFailed(name, asked, "The next run repeats it");
      this.#notice(droplet, asked);
      const agreed = agreedReport(asked, minHosts);
      if (agreed.kind === "report") {
        const doubt = doubtIn(agreed.report);
        if (doubt !== undefined)
          this.#options.warn(`${name}: ${doubt}: trust no key it made at first boot; see bootseed vm show ${name}`);
        return agreed.report;
      }
      if (agreed.kind === "contradiction") {
        this.#options.warn(`${name}: ${agreed.state}`);
        return noReport(`${name}: ${agreed.state}`);
      }
      // A host that is away has nothing to wait for, unless it took this run's commit: then it was there a moment ago.
      young ??= asked.every((one) => one.kind !== "failed") && (await this.#isYoung(droplet));
      const waited = now() - start;
      if (!young || waited >= timeoutMs) return noReport(`${name}: ${agreed.state}`);
      const seconds = (ms: number): number => Math.round(ms / 1000);
      if (waited - said >= SAY_AGAIN_MS) {
        said = waited;
        progress(`waiting for its report: ${agreed.state}, ${seconds(waited)} of ${seconds(timeoutMs)} s`);
      }
      await sleep(Math.min(ASK_AGAIN_MS, timeoutMs - waited));
    }
  }

  /** Tells every host once that this droplet exists, waits for no report, and never fails: who is away is warned of. */
  async tell(droplet: LiveDroplet): Promise<void> {
    const asked = await Promise.all(this.#runs.map((run) => run.ask(droplet)));
    this.#warnOfFailed(droplet.name, asked, `bootseed sync --stack ${this.#options.stack} repeats it`);
  }

  /**
   * At the end of a run that went well: tells each host which droplets exist that it does not know, and which are there no more. Never fails.
   *
   * @param addressesOf of a droplet that exists
   */
  async settle(droplets: RunDroplets, addressesOf: (urn: string) => Promise<string[]>): Promise<void> {
    const settled = await Promise.allSettled(this.#runs.map((run) => run.settle(droplets, addressesOf)));
    const reasons = settled.flatMap((one) => (one.status === "rejected" ? [messageOf(one.reason)] : []));
    if (reasons.length === 0) return;
    const advice = `bootseed sync --stack ${this.#options.stack} tells it`;
    this.#warnOnce("settle", `the host was not told which droplets the stack has: ${reasons.join("; ")}. ${advice}`);
  }

  /** What the hosts said against a droplet when its report was last asked for; empty where nothing was. */
  alarmsOf(urn: string): readonly string[] {
    return this.#alarms.get(urn) ?? [];
  }

  /** A warning, never an error: a droplet that exists stays, whatever alarm its seed has. */
  #notice({ urn, name }: LiveDroplet, asked: readonly Asked[]): void {
    const watched = asked.flatMap((one) => one.watched ?? []);
    const alarms = [...new Set(watched.flatMap(alarmsOf))];
    this.#alarms.set(urn, alarms);
    for (const vm of watched) this.#warnOf({ ...vm, urn }, name, [...alarmsOf(vm), ...remarksOf(vm)]);
  }

  /** Each line once, whether the host said it with a reservation or with the droplet, and whatever URN it has now. */
  #warnOf({ urn, seedId }: Watched & { urn: string; seedId?: string | null }, name: string, lines: string[]): void {
    for (const line of lines) {
      const keys = [`${urn} ${line}`, `${seedId} ${line}`];
      if (!keys.some((key) => this.#warned.has(key)))
        this.#options.warn(`${name}: ${line}; see bootseed vm show ${name}`);
      for (const key of keys) this.#warned.add(key);
    }
  }

  #tooFew(count: number, did: string, reasons: readonly string[]): string {
    const { minHosts } = this.#options;
    if (this.#runs.length === 1) return reasons.join("; ");
    return `${count} of ${this.#runs.length} hosts ${did}, and minHosts is ${minHosts}: ${reasons.join("; ")}`;
  }

  #warnOfFailed(name: string, asked: readonly Asked[], advice: string): void {
    const states = asked.flatMap((one) => (one.kind === "failed" ? [one.state] : []));
    if (states.length === 0 || this.#warned.has("reserve") || this.#warned.has("some")) return;
    const text = `${name}: the host was not told that it exists: ${states.join("; ")}. ${advice}`;
    this.#warnOnce("created", text);
  }

  #warnOnce(kind: string, text: string): void {
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.#options.warn(text);
  }

  async #isYoung(droplet: LiveDroplet): Promise<boolean> {
    const answers = await Promise.all(this.#runs.map((run) => run.knowsAsYoung(droplet, this.#options.now())));
    return answers.includes(true);
  }
}
