/**
 * One run of `pulumi up` against one host: what was reserved, what was committed, which reports came. Everything that
 * decides is here, without Pulumi, so that it can be tested with a clock and a client of the test's own.
 */
import {
  BootseedError,
  type CreatedVm,
  encodeSeedEntry,
  encodeSeedFile,
  fromHex,
  parseSeedEntry,
  type Reservation,
  type ReservationsAnswer,
} from "@bootseed/protocol";
import { batched } from "../mint-client/batch.ts";
import type { CreatedDroplet, MintApi } from "../mint-client/client.ts";
import { doubtIn, type DropletReport, type NoReport, noReport, reportOf } from "./report.ts";

/** How long `up` waits for the report of a droplet that it has just created: boot, claim, host keys, sshd. */
export const DEFAULT_REPORT_TIMEOUT_MS: number = 180_000;
const ASK_AGAIN_MS = 2_000;
/** A committed seed whose VM has not reported in this time is not merely slow. */
const YOUNG_MS = 15 * 60_000;

/** A reservation that came, or the reason why there is none. */
export type Reserved = { ok: true; seedFile: Uint8Array; seedId: string } | { ok: false; reason: string };

export interface SeedRunOptions {
  /** The host as the user wrote it. */
  host: string;
  client: MintApi;
  /** `org/project/stack`. */
  stack: string;
  /** One line for the user, once per kind of trouble. */
  warn: (message: string) => void;
  now: () => number;
  sleep: (ms: number) => Promise<void>;
}

/** A droplet that exists, as the host needs to know it. */
export interface LiveDroplet extends CreatedDroplet {
  name: string;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** The seed file of one reservation; parsed again, so that a host that sends zeros or rubbish is refused here. */
function seedFileOf(answer: ReservationsAnswer, reservation: Reservation): Uint8Array {
  const secrets = [reservation.pool, reservation.claimKey, reservation.psk0].map(bytesOf);
  const [pool, claimKey, psk0] = secrets as [Uint8Array, Uint8Array, Uint8Array];
  try {
    const [hostId, seedId] = [fromHex(answer.hostId), fromHex(reservation.seedId)];
    const entry = encodeSeedEntry({ hostId, seedId, pool, claimKey, psk0, statement: bytesOf(answer.statement) });
    parseSeedEntry(entry);
    return encodeSeedFile([entry]);
  } finally {
    for (const secret of secrets) secret.fill(0);
  }
}

export class SeedRun {
  readonly #options: SeedRunOptions;
  readonly #reserve: (urn: string) => Promise<{ answer: ReservationsAnswer; reservation: Reservation }>;
  readonly #created: (droplet: CreatedDroplet) => Promise<CreatedVm>;
  readonly #tokens = new Map<string, { seedId: string; token: string } | { reason: string }>();
  readonly #committed = new Map<string, string>();
  #warnedReserve = false;
  #warnedCreated = false;

  constructor(options: SeedRunOptions) {
    this.#options = options;
    const { client, stack } = options;
    this.#reserve = batched(async (urns) => {
      const answer = await client.reserve(stack, urns);
      const byUrn = new Map(answer.reservations.map((reservation) => [reservation.urn, reservation]));
      return urns.map((urn) => {
        const reservation = byUrn.get(urn);
        if (reservation === undefined) throw new BootseedError("malformed", `host ${options.host} left out ${urn}`);
        return { answer, reservation };
      });
    });
    this.#created = batched(async (droplets) => {
      const vms = new Map((await client.created(stack, droplets)).map((vm) => [vm.urn, vm]));
      return droplets.map(
        ({ urn, instanceId }) => vms.get(urn) ?? { urn, instanceId, seedId: null, state: null, report: null },
      );
    });
  }

  /**
   * Asks for a seed. Never fails: a host that does not answer must not block a run that creates nothing.
   *
   * @param urn of the droplet itself, not of the component around it
   */
  async reserve(urn: string): Promise<Reserved> {
    try {
      const { answer, reservation } = await this.#reserve(urn);
      const seedFile = seedFileOf(answer, reservation);
      this.#tokens.set(urn, { seedId: reservation.seedId, token: reservation.token });
      return { ok: true, seedFile, seedId: reservation.seedId };
    } catch (error) {
      const reason = messageOf(error);
      this.#tokens.set(urn, { reason });
      if (!this.#warnedReserve) {
        this.#warnedReserve = true;
        this.#options.warn(`no seeds in this run: ${reason}. What exists is left alone; a new droplet will be refused`);
      }
      return { ok: false, reason };
    }
  }

  /**
   * Takes the reserved seed for good, immediately before the droplet is created. It throws when there is none, and
   * then nothing has been created.
   *
   * @param urn as in `reserve`
   * @param name shown by `bootseed vm ls` and in messages
   */
  async commit(urn: string, name: string): Promise<void> {
    const held = this.#tokens.get(urn) ?? { reason: "none was reserved in this run" };
    const refuse = (reason: string, cause?: unknown): never => {
      const message = `no seed for ${name}: ${reason}; nothing was created; run pulumi up again when that is mended`;
      throw new BootseedError("unavailable", message, { cause });
    };
    if ("reason" in held) return refuse(held.reason);
    if (this.#committed.has(urn)) return refuse("its seed was already used in this run");
    try {
      await this.#options.client.commit(held.seedId, { token: held.token, bind: "instance", name });
    } catch (error) {
      return refuse(messageOf(error), error);
    }
    this.#committed.set(urn, held.seedId);
  }

  /**
   * Tells the host that this droplet exists and returns what the VM has reported. Waits only for a droplet that was
   * committed in this run or is still young at the host, at most `timeoutMs`; never fails.
   *
   * @param progress called with a line about every two seconds while waiting
   */
  async report(
    droplet: LiveDroplet,
    timeoutMs: number,
    progress: (line: string) => void,
  ): Promise<DropletReport | NoReport> {
    const { now, sleep } = this.#options;
    const start = now();
    let young: boolean | undefined = this.#committed.has(droplet.urn) ? true : undefined;
    for (;;) {
      const { value, state } = await this.#ask(droplet);
      if (value !== undefined) {
        const doubt = doubtIn(value);
        if (doubt !== undefined)
          this.#options.warn(
            `${droplet.name}: ${doubt}: trust no key it made at first boot; see bootseed vm show ${droplet.name}`,
          );
        return value;
      }
      young ??= await this.#isYoung(droplet);
      const waited = now() - start;
      if (!young || waited >= timeoutMs) return noReport(`${droplet.name}: ${state}`);
      progress(`waiting for its report: ${state}, ${Math.round(waited / 1000)} of ${Math.round(timeoutMs / 1000)} s`);
      await sleep(Math.min(ASK_AGAIN_MS, timeoutMs - waited));
    }
  }

  async #ask(droplet: LiveDroplet): Promise<{ value?: DropletReport; state: string }> {
    const { urn, instanceId, addresses, name } = droplet;
    try {
      const vm = await this.#created({ urn, instanceId, addresses });
      if (vm.report !== null) return { value: reportOf(vm, droplet), state: "reported" };
      const mine = this.#committed.get(urn);
      if (vm.seedId === null && mine === undefined) return { value: reportOf(vm, droplet), state: "without a seed" };
      return { state: `${vm.state ?? "unknown"} at host ${this.#options.host}` };
    } catch (error) {
      if (!this.#warnedCreated && !this.#warnedReserve) {
        this.#warnedCreated = true;
        this.#options.warn(
          `${name}: the host was not told that it exists: ${messageOf(error)}. The next run repeats it`,
        );
      }
      return { state: messageOf(error) };
    }
  }

  async #isYoung(droplet: LiveDroplet): Promise<boolean> {
    try {
      const vm = (await this.#options.client.vms()).find((one) => one.instanceId === droplet.instanceId);
      return vm !== undefined && this.#options.now() - vm.committedAt * 1000 < YOUNG_MS;
    } catch {
      return false;
    }
  }
}
