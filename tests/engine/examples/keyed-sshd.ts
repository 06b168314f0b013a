/** sshd with host keys of chosen kinds, on the addresses of the mock cloud's droplets; whoever logs in gets a digest of standard input. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf } from "../../../local-cloud/droplet.ts";
import { freePort } from "../../../tools/free-port.ts";
import { ensureSshd, withSshdUser } from "../../../tools/setup/sshd.ts";

export type KeyKind = "rsa" | "ecdsa" | "ed25519";

const DROPLETS = 12;

export class KeyedSshd implements AsyncDisposable {
  readonly port: number;
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-keyed-sshd-"));
  #sshd: ChildProcess | undefined;
  #log = "";

  private constructor(port: number) {
    this.port = port;
    for (const kind of ["rsa", "ecdsa", "ed25519"] as const) this.#makeKey(kind);
    this.#makeKey("client", "ed25519");
  }

  static async make(): Promise<KeyedSshd> {
    return new KeyedSshd(await freePort());
  }

  /** The private key of the one who may log in. */
  get clientKey(): string {
    return readFileSync(join(this.#dir, "client"), "utf8");
  }

  /** Its public half. */
  get authorized(): string {
    return readFileSync(join(this.#dir, "client.pub"), "utf8").trim();
  }

  /** A public host key: `ssh-rsa AAAA…` and the like. */
  publicKey(kind: KeyKind): string {
    return readFileSync(join(this.#dir, `${kind}.pub`), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
  }

  /** Connections since the start. */
  get connections(): number {
    return this.#log.split("Connection from ").length - 1;
  }

  /** Starts it again with these host keys. */
  async start(kinds: readonly KeyKind[]): Promise<void> {
    await this.#stop();
    const at = (name: string): string => join(this.#dir, name);
    writeFileSync(at("authorized"), `restrict ${readFileSync(at("client.pub"), "utf8")}`, { mode: 0o600 });
    const lines = [
      ...Array.from({ length: DROPLETS }, (_, n) => `ListenAddress ${addressOf(n + 1)}:${this.port}`),
      ...kinds.map((kind) => `HostKey ${at(kind)}`),
      `AuthorizedKeysFile ${at("authorized")}`,
      ..."StrictModes no|UsePAM no|PidFile none|PasswordAuthentication no|LogLevel VERBOSE".split("|"),
      "PermitRootLogin prohibit-password",
      "ForceCommand sha256sum",
    ];
    writeFileSync(at("config"), `${lines.join("\n")}\n`);
    const { path, libraries } = await ensureSshd();
    const env = { ...process.env, ...(libraries === "" ? {} : { LD_LIBRARY_PATH: libraries }) };
    const [program, ...before] = [...withSshdUser(this.#dir), path];
    this.#log = "";
    const child = spawn(program ?? path, [...before, "-De", "-f", at("config")], {
      stdio: ["ignore", "ignore", "pipe"],
      env,
    });
    this.#sshd = child;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    child.stderr.on("data", (chunk: Buffer) => {
      this.#log += chunk.toString();
      if (this.#log.split("Server listening").length > DROPLETS) resolve(undefined);
    });
    child.once("exit", () => reject(new Error(`sshd ended: ${this.#log}`)));
    await promise;
  }

  #makeKey(name: string, kind: string = name): void {
    execFileSync("ssh-keygen", ["-qt", kind, "-N", "", "-C", "", "-f", join(this.#dir, name)]);
  }

  async #stop(): Promise<void> {
    const child = this.#sshd;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.removeAllListeners("exit");
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
