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
import { freePort } from "../../hwrng-host/testing/free-port.ts";

const MAIN = join(import.meta.dirname, "../../hwrng-host/main.ts");
const STACK = "org/project/stack";

/** A seed as the seeder would put it into user-data. */
export type MintedSeed = { readonly seedId: string; readonly urn: string; readonly file: Uint8Array };

export class HostProcess implements AsyncDisposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "bootseed-loopback-"));
  readonly port: number;
  /** Everything the service wrote to stderr, over all its lives. */
  log = "";
  readonly #config: string = join(this.dir, "host.yaml");
  readonly #client: MintClient;
  #child: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
    this.#client = new MintClient(join(this.dir, "mint.sock"));
  }

  /** @param advertised the port that guests dial; by default the host's own */
  static async make(port?: number, advertised?: number): Promise<HostProcess> {
    const own = port ?? (await freePort());
    const host = new HostProcess(own);
    await init({
      config: host.#config,
      stateDir: join(host.dir, "state"),
      mint: join(host.dir, "mint.sock"),
      guests: `127.0.0.1:${own}`,
      advertise: [`127.0.0.1:${advertised ?? own}`],
      allowChained: true,
    });
    appendFileSync(host.#config, "sources: [{ driver: system }]\n");
    return host;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [MAIN, "serve", "--config", this.#config], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    child.stderr.on("data", (chunk: Buffer) => (this.log += chunk.toString()));
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('"ready"')) return;
    }
    throw new Error(`the host ended before it was ready: ${this.log}`);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  /** What a disk that died takes with it; keys and statement come back from the backup. */
  loseDatabase(): void {
    rmSync(join(this.dir, "state", "host.db"));
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
