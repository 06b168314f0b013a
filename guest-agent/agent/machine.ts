/** What the agent reads of the machine it runs on, as files below a root. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { childProcess } from "./lazy.ts";

export const STATE_DIR = "/var/lib/bootseed";

export class Machine {
  readonly root: string;

  /** @param root prefix of every path, for tests */
  constructor(root = "") {
    this.root = root;
  }

  at(path: string): string {
    return this.root + path;
  }

  /** A file's text without white space around it; empty when it cannot be read. */
  text(path: string): string {
    try {
      // A pipe, which the state's owner could lay, would keep root waiting.
      return statSync(this.at(path)).isFile() ? readFileSync(this.at(path), "utf8").trim() : "";
    } catch {
      return "";
    }
  }

  /** The cloud's name for this machine; where cloud-init has none, its machine-id. */
  instanceId(): string {
    return this.#cloudName() || this.text("/etc/machine-id");
  }

  /** Whether cloud-init named this machine once and its name is not known now: its machine-id may be a copy's. */
  lostCloudName(): boolean {
    const cloud = this.at("/var/lib/cloud");
    return (
      this.#cloudName() === "" &&
      (existsSync(`${cloud}/instances`) || this.text("/var/lib/cloud/data/instance-id") !== "")
    );
  }

  /**
   * What an enrolment of this machine may be bound to; null while that is not known: then nothing is refused for it. With
   * cloud-init only its own name says which machine this is, and a machine-id is copied with the disk.
   */
  instanceIds(): string[] | null {
    const cloud = this.#cloudName();
    if (cloud === "" && existsSync(this.at("/var/lib/cloud"))) return null;
    const machineId = this.text("/etc/machine-id");
    const ids = [cloud, /^[0-9a-f]{32}$/.test(machineId) ? machineId : ""].filter((id) => id !== "");
    return ids.length === 0 ? null : ids;
  }

  /**
   * cloud-init's name for this machine, as in the kit; empty when it is not known. `iid-datasource…` is what cloud-init makes
   * up when no datasource answers, as while the metadata service is down. A name without a folder of its own in `instances`
   * is not cloud-init's: its file was damaged.
   */
  #cloudName(): string {
    const name = this.text("/var/lib/cloud/data/instance-id");
    if (name.startsWith("iid-datasource")) return "";
    const instances = this.at("/var/lib/cloud/instances");
    if (!existsSync(instances)) return /^[!-Z_a-z~]+$/.test(name) ? name : "";
    const printable = /^(?: |[^\p{C}\p{Z}])+$/u.test(name) && !/^\.+$/.test(name);
    return printable && existsSync(`${instances}/${name.replaceAll("/", "_")}`) ? name : "";
  }

  /** What the kit found out at this very instance's first boot; null where there was none, and on a copy of a disk. */
  verdict(): Record<string, unknown> | null {
    try {
      const verdict = JSON.parse(this.text(`${STATE_DIR}/verdict.json`)) as Record<string, unknown>;
      const named = this.#cloudName();
      return typeof verdict["instanceId"] === "string" && ["", verdict["instanceId"]].includes(named) ? verdict : null;
    } catch {
      return null;
    }
  }

  /** How the kit's gate ended: passed, held, warned; none before it did, and without a kit. */
  gate(): string {
    return / (passed|held|warned)$/.exec(this.text(`${STATE_DIR}/gate-done`))?.[1] ?? "none";
  }

  /** UUID of this boot; zeros where there is no /proc. */
  bootId(): string {
    return this.text("/proc/sys/kernel/random/boot_id") || "00000000-0000-0000-0000-000000000000";
  }

  hostname(): string {
    return this.text("/etc/hostname") || this.text("/proc/sys/kernel/hostname") || "machine";
  }

  /** Paths of sshd's private keys, as the kit reports them: ecdsa, ed25519, rsa. */
  hostKeys(): string[] {
    let names: string[] = [];
    try {
      names = readdirSync(this.at("/etc/ssh"));
    } catch {
      return [];
    }
    const keys = names.filter((name) => /^ssh_host_[er].*key$/.test(name));
    // oxlint-disable-next-line unicorn/no-array-sort -- Node 18 has no toSorted
    return keys.sort().map((name) => this.at(`/etc/ssh/${name}`));
  }

  /** What the kernel says of its generator; null device where there is none. */
  generator(): { kernel: string; poolsize: number; fipsEnabled: number; rngCurrent: string | null } {
    const rng = this.text("/sys/class/misc/hw_random/rng_current");
    return {
      kernel: this.text("/proc/sys/kernel/osrelease") || "unknown",
      poolsize: Number(this.text("/proc/sys/kernel/random/poolsize")) || 0,
      fipsEnabled: Number(this.text("/proc/sys/crypto/fips_enabled")) || 0,
      rngCurrent: rng === "" || rng === "none" ? null : rng,
    };
  }
}

/** Runs ssh-keygen. @param input for its standard input @returns what it prints @throws with its own message */
export function sshKeygen(args: readonly string[], input?: Uint8Array): Buffer {
  const options = input === undefined ? {} : { input };
  return childProcess().execFileSync("ssh-keygen", [...args], { ...options, stdio: ["pipe", "pipe", "pipe"] });
}
