/** A relay that knows nothing: sshd on one machine, `ssh -R` from another, keys and config of their own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureSshd } from "../../tools/setup/sshd.ts";
import { prerequisite } from "../prerequisite.ts";
import type { Machine } from "./namespaces.ts";

const PORT = 2222;
/** What `ip netns exec` lays over /etc. */
const NETNS_ETC = "/etc/netns";

export const SSH_READY: boolean = prerequisite(
  spawnSync("ssh", ["-V"]).status === 0,
  "expected ssh: apt-get install openssh-client",
);

export class Relay implements AsyncDisposable {
  readonly #machine: Machine;
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-relay-"));
  readonly #children: ChildProcess[] = [];

  private constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** sshd on `machine`; its one key may open `listen` and do nothing else. */
  static async start(machine: Machine, listen: string): Promise<Relay> {
    const relay = new Relay(machine);
    const at = (name: string): string => join(relay.#dir, name);
    for (const key of ["host", "client"]) execFileSync("ssh-keygen", ["-qt", "ed25519", "-N", "", "-f", at(key)]);
    const only = `restrict,port-forwarding,permitlisten="${listen}",command="/bin/false"`;
    writeFileSync(at("authorized"), `${only} ${readFileSync(at("client.pub"), "utf8")}`, { mode: 0o600 });
    writeFileSync(at("known"), `[${machine.address}]:${PORT} ${readFileSync(at("host.pub"), "utf8")}`);
    const config = {
      ListenAddress: `${machine.address}:${PORT}`,
      HostKey: at("host"),
      AuthorizedKeysFile: at("authorized"),
      StrictModes: "no",
      UsePAM: "no",
      PidFile: "none",
      PasswordAuthentication: "no",
      PermitRootLogin: "prohibit-password",
      GatewayPorts: "clientspecified",
    };
    writeFileSync(
      at("config"),
      Object.entries(config)
        .map((pair) => `${pair.join(" ")}\n`)
        .join(""),
    );
    const { path, libraries } = await ensureSshd();
    // Debian's package makes both, folder and user; sshd does not start without. The user is there in this namespace only.
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    const passwd = readFileSync("/etc/passwd", "utf8");
    if (!/^sshd:/m.test(passwd)) {
      mkdirSync(join(NETNS_ETC, machine.name), { recursive: true });
      writeFileSync(
        join(NETNS_ETC, machine.name, "passwd"),
        `${passwd}sshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n`,
      );
    }
    const library = libraries === "" ? [] : ["env", `LD_LIBRARY_PATH=${libraries}`];
    await relay.#spawn(machine, [...library, path, "-De", "-f", at("config")], "Server listening");
    return relay;
  }

  /** `ssh -R listen:target` from a machine that the relay cannot reach. @returns ends it */
  async tunnel(from: Machine, listen: string, target: string): Promise<() => Promise<void>> {
    const options = [`UserKnownHostsFile=${join(this.#dir, "known")}`, "ExitOnForwardFailure=yes", "BatchMode=yes"];
    const ssh = [
      "ssh",
      "-vNF",
      "none",
      "-i",
      join(this.#dir, "client"),
      "-p",
      String(PORT),
      "-R",
      `${listen}:${target}`,
    ];
    const words = [...ssh, ...options.flatMap((option) => ["-o", option]), `root@${this.#machine.address}`];
    const child = await this.#spawn(from, words, "remote forward success");
    return async () => end(child);
  }

  async #spawn(machine: Machine, words: readonly string[], ready: string): Promise<ChildProcess> {
    const [program = "", ...args] = [...machine.before, ...words];
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#children.push(child);
    const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>();
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(ready)) resolve(child);
    });
    child.once("exit", () => reject(new Error(`${words[0] ?? ""} ended: ${said}`)));
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await end(child);
    rmSync(this.#dir, { recursive: true, force: true });
    rmSync(join(NETNS_ETC, this.#machine.name), { recursive: true, force: true });
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}
