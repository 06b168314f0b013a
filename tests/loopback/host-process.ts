/** The real `bootseed-host`, as a process on loopback with a state folder of its own. */
import {
  commitAnswerSchema,
  createdAnswerSchema,
  encodeSeedEntry,
  encodeSeedFile,
  fromBase64,
  fromHex,
  reservationsAnswerSchema,
  type Vm,
  vmsAnswerSchema,
} from "@bootseed/protocol";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { init } from "../../hwrng-host/commands/init.ts";
import { MintClient } from "../../hwrng-host/mint/client.ts";
import { freePort } from "../../tools/free-port.ts";
import { killGroup } from "./guest-process.ts";

const MAIN = join(import.meta.dirname, "../../hwrng-host/main.ts");
const STACK = "org/project/stack";

/** How a process is started for drills. */
export type Wrapping = {
  /** Words before the program: `faketime -f +1h`. */
  readonly before?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

/** A seed as the seeder would put it into user-data. */
export type MintedSeed = { readonly seedId: string; readonly urn: string; readonly file: Uint8Array };

export class HostProcess implements AsyncDisposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "bootseed-loopback-"));
  readonly port: number;
  readonly mintSocket: string = join(this.dir, "mint.sock");
  /** Everything the service wrote to stderr, over all its lives. */
  log = "";
  readonly config: string = join(this.dir, "host.yaml");
  readonly stateDir: string;
  readonly #client: MintClient;
  #child: ChildProcess | null = null;
  #wrapped = false;

  private constructor(port: number, stateDir: string | undefined) {
    this.port = port;
    this.stateDir = stateDir ?? join(this.dir, "state");
    this.#client = new MintClient(this.mintSocket);
  }

  /**
   * @param advertised the port that guests dial; by default the host's own
   * @param stateDir where keys and database are; by default a folder in `dir`
   */
  static async make(port?: number, advertised?: number, stateDir?: string): Promise<HostProcess> {
    const own = port ?? (await freePort());
    const host = new HostProcess(own, stateDir);
    await init({
      config: host.config,
      stateDir: host.stateDir,
      mint: host.mintSocket,
      guests: `127.0.0.1:${own}`,
      advertise: [`127.0.0.1:${advertised ?? own}`],
      allowChained: true,
    });
    appendFileSync(host.config, "sources: [{ driver: system }]\n");
    return host;
  }

  /** @param wrapping with one, the process leads a group of its own, so that a fault may end the whole group */
  async start(wrapping?: Wrapping): Promise<void> {
    const [program, ...before] = [...(wrapping?.before ?? []), process.execPath];
    const child = spawn(program, [...before, MAIN, "serve", "--config", this.config], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: wrapping !== undefined,
      env: { ...process.env, ...wrapping?.env },
    });
    this.#child = child;
    this.#wrapped = wrapping !== undefined;
    child.stderr.on("data", (chunk: Buffer) => (this.log += chunk.toString()));
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('"ready"')) return;
    }
    throw new Error(`the host ended before it was ready: ${this.log}`);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    // A killed strace would leave the host alive.
    if (this.#wrapped && signal === "SIGKILL") killGroup(child);
    else child.kill(signal);
    await exit;
  }

  /** Whether it still runs. */
  get alive(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** What a disk that died takes with it; keys and statement come back from the backup. */
  loseDatabase(): void {
    rmSync(join(this.stateDir, "host.db"));
  }

  /** Reserves and commits a seed, bound to the instance-id that `created` will name. */
  async mint(name: string): Promise<MintedSeed> {
    const urn = `urn:pulumi:stack::project::digitalocean:index/droplet:Droplet::${name}`;
    const wanted = { stack: STACK, urns: [urn] };
    const answer = await this.#client.post("/v1/reservations", wanted, reservationsAnswerSchema);
    const [one] = answer.reservations;
    if (one === undefined) throw new Error("no reservation");
    const commit = { token: one.token, bind: "instance", name };
    await this.#client.post(`/v1/reservations/${one.seedId}/commit`, commit, commitAnswerSchema);
    const entry = encodeSeedEntry({
      hostId: fromHex(answer.hostId),
      seedId: fromHex(one.seedId),
      pool: fromBase64(one.pool),
      claimKey: fromBase64(one.claimKey),
      psk0: fromBase64(one.psk0),
      statement: fromBase64(answer.statement),
    });
    return { seedId: one.seedId, urn, file: encodeSeedFile([entry]) };
  }

  async created(seed: MintedSeed, instanceId: string): Promise<void> {
    const droplets = [{ urn: seed.urn, instanceId, addresses: ["192.0.2.7"] }];
    await this.#client.post("/v1/created", { stack: STACK, droplets }, createdAnswerSchema);
  }

  async vms(): Promise<readonly Vm[]> {
    return (await this.#client.get("/v1/vms", vmsAnswerSchema)).vms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}
