/** Test aid: the real `bootseed-host`, every command a process of its own, and guests that reach it over pinned TLS. */
import { fromBase64, fromHex, parseStatement, reservationsAnswerSchema, toHex } from "@bootseed/protocol";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { TLSSocket } from "node:tls";
import { z } from "zod";
import { init } from "../commands/init.ts";
import { MintClient } from "../mint/client.ts";
import { freePort } from "../../tools/free-port.ts";
import { TestGuest } from "./guest.ts";

const MAIN = join(import.meta.dirname, "../main.ts");
const STACK = "org/project/stack";
const ANY = z.unknown();

export type Finished = { readonly code: number | null; readonly out: string; readonly err: string };
export type Answer = { readonly status: number; readonly bytes: Uint8Array };

export class ServedHost implements AsyncDisposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "bootseed-served-"));
  readonly config: string = join(this.dir, "host.yaml");
  readonly state: string = join(this.dir, "state");
  readonly mint: string = join(this.dir, "mint.sock");
  readonly port: number;
  /** What the service said on stderr, over all its lives. */
  log = "";
  #child: ChildProcess | null = null;

  private constructor(port: number) {
    this.port = port;
  }

  /** Initialised, not yet started. */
  static async make(): Promise<ServedHost> {
    const host = new ServedHost(await freePort());
    const guests = `127.0.0.1:${host.port}`;
    await init({ config: host.config, stateDir: host.state, guests, mint: host.mint, allowChained: true });
    writeFileSync(host.config, `${readFileSync(host.config, "utf8")}sources: [{ driver: system }]\n`);
    return host;
  }

  /** `bootseed-host` with `--config`. */
  run(...args: string[]): Finished {
    const all = [MAIN, ...args, "--config", this.config];
    const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: "utf8" });
    return { code: status, out: stdout, err: stderr };
  }

  /** The same, not waited for. */
  begin(...args: string[]): ChildProcess {
    return spawn(process.execPath, [MAIN, ...args, "--config", this.config], { stdio: ["ignore", "pipe", "pipe"] });
  }

  async serve(): Promise<void> {
    const child = this.begin("serve");
    this.#child = child;
    child.stderr?.on("data", (chunk: Buffer) => (this.log += chunk.toString()));
    if (child.stdout === null) throw new Error("expected a pipe");
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('"ready"')) return;
    throw new Error(`serve ended before it was ready: ${this.log}`);
  }

  signal(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill(signal);
    await exit;
  }

  /** A VM whose seed is committed; it has not claimed yet. */
  async guest(name: string): Promise<TestGuest> {
    const client = new MintClient(this.mint);
    const wanted = { stack: STACK, urns: [`urn:${name}`] };
    const { hostId, statement, reservations } = await client.post("/v1/reservations", wanted, reservationsAnswerSchema);
    const [reserved] = reservations;
    if (reserved === undefined) throw new Error("no reservation came");
    await client.post(
      `/v1/reservations/${reserved.seedId}/commit`,
      { token: reserved.token, bind: "first-claim", name },
      ANY,
    );
    const known = parseStatement(fromBase64(statement));
    const [tlsPin = new Uint8Array(0)] = known.pins;
    return new TestGuest(reserved, { hostId: fromHex(hostId, 8), statement: known, tlsPin }, name, `urn:${name}`);
  }

  /** A VM that claimed its seed. */
  async enrolled(name: string): Promise<TestGuest> {
    const guest = await this.guest(name);
    guest.enrol((await this.send(guest, "/v1/claims", guest.claim())).bytes);
    return guest;
  }

  /** @throws Error when the server's certificate is not one that the guest's statement pins; nothing is sent then */
  async send(guest: Pick<TestGuest, "statement">, path: string, body: Uint8Array): Promise<Answer> {
    return this.#exchange(path, body, (pin) => {
      if (!guest.statement.pins.some((known) => toHex(known) === pin)) throw new Error("not the pinned certificate");
    });
  }

  /** Whatever the certificate is. @returns its SHA-256 besides the answer */
  async sendUnpinned(path: string, body: Uint8Array): Promise<Answer & { readonly pin: string }> {
    let shown = "";
    const answer = await this.#exchange(path, body, (pin) => (shown = pin));
    return { ...answer, pin: shown };
  }

  async #exchange(path: string, body: Uint8Array, look: (pin: string) => void): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { port } = this;
    const call = request({ host: "127.0.0.1", port, path, method: "POST", rejectUnauthorized: false, agent: false });
    call.on("error", reject);
    call.on("socket", (socket) =>
      socket.once("secureConnect", () => {
        try {
          if (!(socket instanceof TLSSocket)) throw new Error("expected TLS");
          look(socket.getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase());
          call.end(body);
        } catch (error) {
          call.destroy(error instanceof Error ? error : new Error(String(error)));
        }
      }),
    );
    call.on("response", (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, bytes: new Uint8Array(Buffer.concat(chunks)) }));
    });
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.dir, { recursive: true, force: true });
  }
}
