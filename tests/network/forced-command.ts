/** sshd on 127.0.0.1 whose one key may run `bootseed-host mint-stdio` and nothing else; ssh with a config of its own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "../../tools/free-port.ts";
import { ensureSshd, withSshdUser } from "../../tools/setup/sshd.ts";
import { prerequisite } from "../prerequisite.ts";

/** `bootseed-host` as a program of Node. */
export const MAIN: string = join(import.meta.dirname, "../../hwrng-host/main.ts");

export const SSHD_READY: boolean = prerequisite(
  spawnSync("ssh", ["-V"]).status === 0,
  "expected ssh: apt-get install openssh-client",
);

export class ForcedCommand implements AsyncDisposable {
  readonly url: string;
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-sshd-"));
  readonly #port: number;
  #sshd: ChildProcess | null = null;
  #log = "";

  private constructor(port: number) {
    this.#port = port;
    this.url = `ssh://${userInfo().username}@127.0.0.1:${port}`;
  }

  /** @param config of the host @param client whose the key is */
  static async start(config: string, client: string): Promise<ForcedCommand> {
    const here = new ForcedCommand(await freePort());
    const at = (name: string): string => join(here.#dir, name);
    for (const key of ["host", "client", "stranger"])
      execFileSync("ssh-keygen", ["-qt", "ed25519", "-N", "", "-f", at(key)]);
    here.command(`${process.execPath} ${MAIN} mint-stdio --client ${client} --config ${config}`);
    writeFileSync(at("known"), `[127.0.0.1]:${here.#port} ${readFileSync(at("host.pub"), "utf8")}`);
    const settings = {
      ListenAddress: `127.0.0.1:${here.#port}`,
      HostKey: at("host"),
      AuthorizedKeysFile: at("authorized"),
      StrictModes: "no",
      UsePAM: "no",
      PidFile: "none",
      PasswordAuthentication: "no",
      PermitRootLogin: "prohibit-password",
      LogLevel: "VERBOSE",
    };
    const lines = Object.entries(settings).map((pair) => `${pair.join(" ")}\n`);
    writeFileSync(at("config"), lines.join(""));
    const { path, libraries } = await ensureSshd();
    const env = { ...process.env, ...(libraries === "" ? {} : { LD_LIBRARY_PATH: libraries }) };
    const [program, ...before] = [...withSshdUser(here.#dir), path];
    const child = spawn(program ?? path, [...before, "-De", "-f", at("config")], {
      stdio: ["ignore", "ignore", "pipe"],
      env,
    });
    here.#sshd = child;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    child.stderr.on("data", (chunk: Buffer) => {
      here.#log += chunk.toString();
      if (here.#log.includes("Server listening")) resolve(undefined);
    });
    child.once("exit", () => reject(new Error(`sshd ended: ${here.#log}`)));
    await promise;
    return here;
  }

  /** What the key runs from now on. */
  command(line: string): void {
    const key = readFileSync(join(this.#dir, "client.pub"), "utf8");
    writeFileSync(join(this.#dir, "authorized"), `restrict,command="${line}" ${key}`, { mode: 0o600 });
  }

  /** How many logins were accepted. */
  logins(): number {
    return this.#log.split("Accepted publickey").length - 1;
  }

  /** A PATH whose `ssh` is the system's, with the right key and this sshd's host key. */
  get path(): string {
    return this.withKey("client");
  }

  withKey(key: string): string {
    return this.#wrapper(key, key, "known");
  }

  withoutKnownHosts(): string {
    return this.#wrapper("unknown", "client", "none");
  }

  /** ssh takes a person's folder from /etc/passwd, not from HOME: so a config has to be named. */
  #wrapper(name: string, key: string, known: string): string {
    const bin = join(this.#dir, `bin-${name}`);
    const options = [
      ["IdentityFile", join(this.#dir, key)],
      ["IdentitiesOnly", "yes"],
      ["IdentityAgent", "none"],
      ["UserKnownHostsFile", join(this.#dir, known)],
      ["GlobalKnownHostsFile", "none"],
    ];
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "ssh-config"), options.map((pair) => `${pair.join(" ")}\n`).join(""));
    writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${join(bin, "ssh-config")} "$@"\n`);
    chmodSync(join(bin, "ssh"), 0o755);
    return bin;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#sshd;
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
      await exit;
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
