import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { AddressPool } from "./addresses.ts";
import { BootQueue } from "./boot-queue.ts";
import { consoleTail } from "./console.ts";
import { writeConfigDrive } from "./config-drive.ts";
import type { CreateRequest } from "./create-request.ts";
import { addressOf, macOf, type Droplet, type DropletEvent } from "./droplet.ts";
import { ApiError, notFound } from "./errors.ts";
import type { Launcher, Machine } from "./machine.ts";
import { metadataAnswer } from "./metadata.ts";
import { machineFiles } from "./qemu-arguments.ts";

/** What a fleet is made of. */
export interface FleetOptions {
  /** folder with one folder per image slug */
  readonly images: string;
  /** folder for the droplets' own folders */
  readonly dir: string;
  readonly sshPort: number;
  readonly bootDeadlineMs: number;
  readonly parallelBoots: number;
  /** OpenSSH public keys that every droplet gets */
  readonly authorizedKeys: readonly string[];
  readonly launcher: Launcher;
  /** gives every droplet a config drive beside the metadata service; default false */
  readonly configDrive?: boolean;
  /** gets every event of every droplet */
  readonly onEvent: (droplet: Droplet, event: DropletEvent) => void;
  /** id of the first droplet */
  readonly firstId: number;
}

const CONSOLE_LINES = 15;

/** The droplets of one cloud: made, booted one after the other, watched, ended. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #droplets = new Map<number, Droplet>();
  readonly #queue: BootQueue;
  readonly #addresses: AddressPool;
  #nextId: number;
  #stopped = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#queue = new BootQueue(options.parallelBoots);
    this.#addresses = new AddressPool(options.sshPort);
    this.#nextId = options.firstId;
  }

  /** All droplets, oldest first. */
  list(): Droplet[] {
    return [...this.#droplets.values()];
  }

  /** @throws ApiError 404 */
  get(id: number): Droplet {
    const droplet = this.#droplets.get(id);
    if (droplet === undefined) throw notFound();
    return droplet;
  }

  /**
   * Makes a droplet and returns it as `new` at once; it becomes `active` when its machine runs, as on DigitalOcean long before the
   * guest is up. A boot that fails later shows in `status`, `error` and `events`.
   *
   * @throws ApiError 503 when no address is free or the cloud is stopping
   */
  async create(request: CreateRequest, publicKeys: readonly string[]): Promise<Droplet> {
    const number = await this.#addresses.take(() => this.list().map((droplet) => droplet.number));
    if (this.#stopped) throw new ApiError(503, "service_unavailable", "local-cloud is stopping");
    const id = this.#nextId++;
    const dir = join(this.#options.dir, String(id));
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const droplet: Droplet = {
      id,
      number,
      name: request.name,
      request,
      dir,
      createdAt: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      publicKeys: [...this.#options.authorizedKeys, ...publicKeys],
      tags: new Set(request.tags),
      features: new Set(request.features),
      size: request.size,
      image: request.image,
      events: [],
      status: "new",
      locked: true,
      machine: undefined,
      starting: Promise.resolve(),
      launching: undefined,
      error: null,
    };
    this.#droplets.set(id, droplet);
    const shown = request.features.length === 0 ? "" : `; shown, not done here: ${request.features.join(", ")}`;
    this.#note(droplet, "created", `${request.name} at ${addressOf(number)}${shown}`);
    void this.#start(droplet);
    return droplet;
  }

  /** Ends a droplet and leaves neither process nor file. @throws ApiError 404 */
  async delete(id: number): Promise<void> {
    const droplet = this.get(id);
    this.#droplets.delete(id);
    droplet.locked = true;
    await droplet.launching;
    await droplet.machine?.stop();
    rmSync(droplet.dir, { recursive: true, force: true });
    this.#note(droplet, "deleted", droplet.name);
  }

  /** Switches a droplet off; its disk stays. */
  async powerOff(droplet: Droplet): Promise<void> {
    await droplet.machine?.stop();
  }

  /** Boots it again when its turn comes. @throws Error when its machine cannot be started */
  async powerOn(droplet: Droplet): Promise<void> {
    Object.assign(droplet, { locked: true, error: null });
    return this.#start(droplet);
  }

  /** Gives it a new disk and boots that, with the same id and user-data, as DigitalOcean does. @throws Error as `powerOn` */
  async rebuild(droplet: Droplet, image: string): Promise<void> {
    droplet.locked = true;
    await droplet.machine?.stop();
    rmSync(machineFiles(droplet.dir).disk, { force: true });
    droplet.image = image;
    this.#note(droplet, "rebuilt", image);
    return this.powerOn(droplet);
  }

  /** Ends all droplets; none can be made any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#droplets.keys()].map(async (id) => this.delete(id).catch(() => undefined)));
  }

  /** Writes down something that was done to a droplet from outside. */
  note(droplet: Droplet, event: DropletEvent["event"], message: string): void {
    this.#note(droplet, event, message);
  }

  /** Boots a droplet when its turn comes; `starting` settles when its machine runs or cannot. A boot that fails later shows in `error`. */
  #start(droplet: Droplet): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    droplet.starting = promise;
    promise.catch(() => undefined); // told by `error` and events too: nobody has to listen
    void this.#queue.run(async () => {
      try {
        if (this.#alive(droplet)) await this.#boot(droplet, resolve);
        reject(new Error("deleted before it ran"));
      } catch (error) {
        if (this.#alive(droplet)) this.#fail(droplet, error instanceof Error ? error.message : String(error));
        reject(error);
      }
    });
    return promise;
  }

  async #boot(droplet: Droplet, running: () => void): Promise<void> {
    const began = Date.now();
    const launch = this.#launch(droplet);
    droplet.launching = launch.catch(() => undefined);
    const machine = await launch;
    if (machine === undefined) return;
    Object.assign(droplet, { machine, status: "active", locked: false, error: null });
    this.#note(droplet, "started", `pid ${machine.pid}`);
    running();
    let up = false;
    const ended = machine.ended.then((reason) => {
      this.#ended(droplet, machine, reason, up);
      return "ended" as const;
    });
    const outcome = await withDeadline(
      [machine.booted.then(() => "booted" as const), ended],
      this.#options.bootDeadlineMs,
    );
    if (outcome === "booted") {
      up = true;
      this.#note(droplet, "booted", `after ${Math.round((Date.now() - began) / 100) / 10} s`);
    } else if (outcome === "late" && this.#alive(droplet)) {
      this.#fail(droplet, `no answer from its guest agent within ${this.#options.bootDeadlineMs / 1000} s`);
      await machine.stop();
    }
  }

  /** Starts its machine, and stops it again if the droplet was deleted meanwhile: then there is none to return. */
  async #launch(droplet: Droplet): Promise<Machine | undefined> {
    const machine = await this.#options.launcher({
      dropletId: droplet.id,
      image: join(this.#options.images, droplet.image),
      dir: droplet.dir,
      address: addressOf(droplet.number),
      sshPort: this.#options.sshPort,
      mac: macOf(droplet.number),
      metadata: (method, path) => metadataAnswer(method, path, droplet),
      ...(this.#options.configDrive === true ? { configDrive: writeConfigDrive(droplet) } : {}),
    });
    if (this.#alive(droplet)) return machine;
    await machine.stop();
    return undefined;
  }

  /** Called once for each machine that is gone, whatever ended it. */
  #ended(droplet: Droplet, machine: Machine, reason: string, up: boolean): void {
    if (droplet.machine !== machine) return;
    droplet.machine = undefined;
    if (!this.#alive(droplet) || droplet.error !== null) return;
    if (!up && reason !== "the guest powered off") return this.#fail(droplet, reason);
    droplet.status = "off";
    this.#note(droplet, "stopped", reason);
  }

  #fail(droplet: Droplet, reason: string): void {
    const tail = consoleTail(droplet.dir, CONSOLE_LINES);
    droplet.error =
      `droplet ${droplet.id} (${droplet.name}) did not boot: ${reason}. Its console ${tail === "" ? "is empty" : `ended with:\n${tail}\n`}` +
      `\nLook at all of it with \`local-cloud console ID\`; if it was only slow, raise --boot-deadline; then delete the droplet and create it again.`;
    Object.assign(droplet, { status: "off", locked: false });
    this.#note(droplet, "boot-failed", reason, tail);
  }

  #alive(droplet: Droplet): boolean {
    return this.#droplets.get(droplet.id) === droplet;
  }

  #note(droplet: Droplet, event: DropletEvent["event"], message: string, console?: string): void {
    const entry: DropletEvent = {
      at: new Date().toISOString(),
      event,
      message,
      ...(console === undefined ? {} : { console }),
    };
    droplet.events.push(entry);
    this.#options.onEvent(droplet, entry);
  }
}

async function withDeadline<T>(promises: readonly Promise<T>[], ms: number): Promise<T | "late"> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), ms);
  try {
    return await Promise.race([...promises, late]);
  } finally {
    clearTimeout(timer);
  }
}
