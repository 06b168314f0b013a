/** The shipped kit, run as on a VM by Debian's python3, on a root folder of its own (`--root`). */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Wrapping } from "./host-process.ts";

const KIT = join(import.meta.dirname, "../../seeder/kit/kit.pyz");
/** The kit's hook kills its claim after 5 s. */
const DEADLINE_MS = 25_000;
/** No run under faults takes so long. */
const HANGS_MS = 60_000;

export type Ran = { readonly code: number; readonly output: string };

/** Ends a program with all its children, which may hold its pipes. */
export function killGroup(leader: ChildProcess): void {
  // Not started, or ended: -0 would be our own group.
  if (leader.pid === undefined || leader.exitCode !== null || leader.signalCode !== null) return;
  process.kill(-leader.pid, "SIGKILL");
}

export class GuestProcess implements Disposable {
  readonly root: string;
  readonly instanceId: string;

  /** A machine that boots for the first time. @param seed absent for a copy that was given none @param root its disk; removed with the object */
  constructor(instanceId: string, seed?: Uint8Array, root: string = mkdtempSync(join(tmpdir(), "bootseed-guest-"))) {
    this.root = root;
    this.instanceId = instanceId;
    this.write("/var/lib/cloud/data/instance-id", `${instanceId}\n`);
    this.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    this.write("/proc/sys/kernel/random/poolsize", "256\n");
    this.reboot();
    if (seed !== undefined) this.write("/run/bootseed/seed", seed);
  }

  /** Another boot: a new boot_id, and /run empty. */
  reboot(): void {
    rmSync(join(this.root, "run"), { recursive: true, force: true });
    this.write("/proc/sys/kernel/random/boot_id", `${randomUUID()}\n`);
  }

  write(path: string, content: string | Uint8Array): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), content, { mode: 0o600 });
  }

  exists(path: string): boolean {
    return existsSync(join(this.root, path));
  }

  /** A file of the one host's folder under /var/lib/bootseed. */
  state(name: string): Buffer | null {
    const folder = join(this.root, "var/lib/bootseed");
    const host = readdirSync(folder).find((entry) => /^[0-9a-f]{16}$/.test(entry)) ?? "none";
    const path = join(folder, host, name);
    return existsSync(path) ? readFileSync(path) : null;
  }

  /**
   * Makes SSH host keys as sshd's package does.
   *
   * @param kind that one alone; by default all, of which RSA takes seconds
   * @returns the public keys, without comments
   */
  async makeHostKeys(kind?: "ed25519"): Promise<string[]> {
    mkdirSync(join(this.root, "etc/ssh"), { recursive: true });
    const one = ["-q", "-N", "", "-t", kind ?? "", "-f", join(this.root, `etc/ssh/ssh_host_${kind}_key`)];
    await this.#exec("/usr/bin/ssh-keygen", kind === undefined ? ["-A", "-f", this.root] : one);
    const names = readdirSync(join(this.root, "etc/ssh")).filter((name) => name.endsWith(".pub"));
    for (const name of names) chmodSync(join(this.root, "etc/ssh", name.replace(/\.pub$/, "")), 0o600);
    const lines = names.toSorted().map((name) => readFileSync(join(this.root, "etc/ssh", name), "utf8"));
    return lines.map((line) => line.split(" ").slice(0, 2).join(" ").trim());
  }

  /** Runs one verb of the kit ("topup now" is a top-up by hand); with a root, each host is tried once. */
  async kit(verb: string): Promise<Ran> {
    return this.#exec("/usr/bin/python3", ["-I", KIT, ...verb.split(" "), "--root", this.root]);
  }

  /** The same, with faults: the process leads a group of its own. `started` gets it, to end it at some moment. */
  async kitUnder(wrapping: Wrapping, verb: string, started?: (child: ChildProcess) => void): Promise<Ran> {
    return this.run(["/usr/bin/python3", "-I", KIT, ...verb.split(" "), "--root", this.root], wrapping, started);
  }

  /** Runs any program of a guest like that. @returns code -1 when a signal ended it */
  async run(argv: readonly string[], wrapping: Wrapping, started?: (child: ChildProcess) => void): Promise<Ran> {
    const { promise, resolve, reject } = Promise.withResolvers<Ran>();
    const [program = "", ...words] = [...(wrapping.before ?? []), ...argv];
    const env = { ...process.env, ...wrapping.env };
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], detached: true, env });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
    const late = setTimeout(() => killGroup(child), HANGS_MS);
    child.once("error", (error) => {
      clearTimeout(late);
      reject(error);
    });
    child.once("close", (code) => {
      clearTimeout(late);
      resolve({ code: code ?? -1, output });
    });
    started?.(child);
    return promise;
  }

  async #exec(program: string, args: readonly string[]): Promise<Ran> {
    const { promise, resolve } = Promise.withResolvers<Ran>();
    execFile(program, args, { timeout: DEADLINE_MS }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, output: stdout + stderr });
    });
    return promise;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
