/** One simulated VM: power, disk, clock, kernel and timer, around the real agent. */
import { runAgent } from "./agent.ts";
import { Disk, PowerLost } from "./disk.ts";
import type { Enrolled } from "./enrol.ts";
import type { Random } from "./random.ts";
import { HOUR, MINUTE } from "./timeline.ts";
import type { World } from "./world.ts";

/** The agent's state. */
export const STATE_DIR = "/var/lib/bootseed";
/** Saturday, 21 November 2026, noon. */
const NOON_MS = 1_795_262_400_000;
/** What the unit's timer does: every 15 min, spread. */
const TIMER_MS: number = 15 * MINUTE;
const BOOT_MS = MINUTE;
/** More than one delivery takes, so that every step has its turn. */
const CRASH_WITHIN_STEPS = 30;

/** A packet that reached this VM, and was not mixed yet. */
type Heard = { readonly host: string; readonly packet: Uint8Array };

export class GuestNode {
  readonly name: string;
  readonly disk: Disk;
  readonly random: Random;
  readonly world: World;
  skewMs = 0;
  on = false;
  /** Receipts that will be lost one after the other. */
  receiptsToLose = 0;
  #running = false;
  #heard: Heard[] = [];
  /** Host by folder. */
  readonly #folders = new Map<string, string>();

  constructor(world: World, name: string, random: Random) {
    this.world = world;
    this.name = name;
    this.random = random;
    this.disk = new Disk(random);
    this.disk.onPowerLost = () => {
      world.ledger.fault("guest crashed", name);
      this.losePower();
    };
  }

  /** Wall clock, milliseconds since 1970. */
  get wallMs(): number {
    return NOON_MS + this.world.timeline.nowMs + this.skewMs;
  }

  /** Lays down what the first boot left. */
  moveIn({ folder, files }: Enrolled): void {
    const host = this.world.hosts.find(
      ({ context }) => Buffer.from(context.identity.hostId).toString("hex") === folder,
    );
    this.#folders.set(folder, host?.name ?? "nobody");
    for (const [name, data] of files) {
      const path = `${STATE_DIR}/${folder}/${name}`;
      this.disk.write(path, data, this.wallMs);
      this.disk.sync(path);
    }
    this.disk.syncFolder();
  }

  powerOn(): void {
    this.on = true;
    this.#running = false;
    this.#schedule(this.random.between(0, TIMER_MS));
  }

  /** The power goes; what runs ends in the middle of its step. */
  losePower(offMs: number = BOOT_MS): void {
    this.disk.loseThePower();
    this.#wentDown(offMs);
    for (const [folder, host] of this.#folders) this.world.watch.cameUp(this.name, host, this.#counter(folder));
  }

  /** The machine comes up again with a disk of an earlier day. */
  rollBack(image: ReturnType<Disk["image"]>): void {
    this.disk.rollBack(image);
    this.#wentDown(BOOT_MS);
    for (const [folder, host] of this.#folders) this.world.watch.rolledBack(this.name, host, this.#counter(folder));
  }

  /** The power will go at one of the next steps of the disk. */
  crashSoon(): void {
    if (this.disk.crashArmed) return;
    this.disk.crashWithin(CRASH_WITHIN_STEPS);
    this.world.ledger.count("crashes armed");
  }

  /** A message came in; a packet in it may be mixed later. */
  heard(host: string, packet: Uint8Array): void {
    this.#heard.push({ host, packet });
  }

  /** The kernel was given bytes after an answer had come: whose packet was it? The counter on the disk says so. */
  mixed(): void {
    const matches = this.#heard.filter(({ host, packet }) => {
      const sealed = this.world.sealedBy(packet);
      return sealed?.vm === this.name && sealed.host.name === host && this.#durableCounter(host) === sealed.counter;
    });
    // A replay may have come meanwhile: it is meant only when nothing else can be.
    const match = matches.findLast(({ packet }) => !this.world.watch.took(this.name, packet)) ?? matches.at(-1);
    if (match === undefined)
      this.world.ledger.violated(
        `${this.name} mixed what no host sealed for it, or on a counter that is not durable`,
        this.name,
      );
    this.#heard.splice(this.#heard.indexOf(match), 1);
    const sealed = this.world.sealedBy(match.packet);
    if (sealed === null) return;
    this.world.ledger.trace(`${this.name} takes ${sealed.counter} of ${sealed.host.name}`);
    this.world.watch.accepted(this.name, sealed.host, match.packet, sealed.counter);
  }

  #schedule(delayMs: number): void {
    const { boot } = this.disk;
    this.world.timeline.after(delayMs, () => {
      if (!this.on || this.disk.boot !== boot) return;
      this.#schedule(TIMER_MS * this.random.between(0.9, 1.1));
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    const { boot } = this.disk;
    this.#running = true;
    this.#heard = [];
    try {
      await runAgent(this);
    } catch (error) {
      if (!(error instanceof PowerLost)) this.world.ledger.remember(error);
    } finally {
      if (this.disk.boot === boot) this.#running = false;
    }
  }

  #wentDown(offMs: number): void {
    const { timeline, watch } = this.world;
    this.on = false;
    this.#running = false;
    watch.disturbed(this.name, null);
    timeline.after(Math.min(offMs, 200 * HOUR), () => {
      watch.disturbed(this.name, null);
      if (!this.on) this.powerOn();
    });
  }

  #counter(folder: string): number {
    const bytes = this.disk.read(`${STATE_DIR}/${folder}/counter`);
    return bytes?.length === 8 ? Number(Buffer.from(bytes).readBigUInt64BE()) : 0;
  }

  /** What would be there if the power went now. */
  #durableCounter(host: string): number {
    const folder = [...this.#folders].find(([, name]) => name === host)?.[0] ?? "";
    const data = this.disk.image().get(`${STATE_DIR}/${folder}/counter`)?.data;
    return data?.length === 8 ? Number(Buffer.from(data).readBigUInt64BE()) : 0;
  }
}
