/** What the agent reads of the machine it runs on, as files below a root. */
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { childProcess } from "./lazy.ts";

export const STATE_DIR = "/var/lib/bootseed";

const VERDICT = `${STATE_DIR}/verdict.json`;
const WORDS: readonly unknown[] = ["reseeded", "unproven", "spent", "no-seed", "failed"];
/** Of a short file, as much as the kit reads. */
const MAX_TEXT_BYTES = 4096;
/** White space as python's `str.strip` removes it. */
const SPACE = String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+`;
const AROUND = new RegExp(`^${SPACE}|${SPACE}$`, "g");

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // also a name that no folder can have
  }
};

export class Machine {
  readonly root: string;

  /** @param root prefix of every path, for tests */
  constructor(root = "") {
    this.root = root;
  }

  at(path: string): string {
    return this.root + path;
  }

  /** A file's text without white space around it, as the kit reads it; empty when it cannot be read. */
  text(path: string): string {
    try {
      // A pipe, which the state's owner could lay, would keep root waiting.
      if (!statSync(this.at(path)).isFile()) return "";
      return readFileSync(this.at(path)).subarray(0, MAX_TEXT_BYTES).toString().replaceAll(AROUND, "");
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
    if (!isFolder(instances)) return /^[!-Z_a-z~]+$/.test(name) ? name : "";
    return !/^\.*$/.test(name) && isFolder(`${instances}/${name.replaceAll("/", "_")}`) ? name : "";
  }

  /** What the kit found out at this very instance's first boot; null where there was none, and on a copy of a disk. */
  verdict(): Record<string, unknown> | null {
    const found = this.#found();
    return found !== null && ["", found["instanceId"]].includes(this.#cloudName()) ? found : null;
  }

  /** Whether there is a `verdict.json` that neither the kit nor the agent takes for one. */
  hasDamagedVerdict(): boolean {
    return lstatSync(this.at(VERDICT), { throwIfNoEntry: false }) !== undefined && this.#found() === null;
  }

  /** What `verdict.json` has, whichever instance's it is; null unless it is whole, as in the kit (form.py, `proof`). */
  #found(): Record<string, unknown> | null {
    try {
      if (!lstatSync(this.at(VERDICT)).isFile()) return null;
      const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(this.at(VERDICT)));
      const found = JSON.parse(text) as Record<string, unknown>;
      const { hostKeysBefore, timeline } = found["evidence"] as { hostKeysBefore: unknown; timeline: unknown[][] };
      const seconds = Array.isArray(timeline) ? timeline.at(-1)?.[1] : undefined;
      const isWhole =
        typeof found["instanceId"] === "string" &&
        typeof found["bootId"] === "string" &&
        WORDS.includes(found["verdict"]) &&
        Number.isInteger(hostKeysBefore) &&
        typeof seconds === "number" &&
        seconds >= 0;
      return isWhole ? found : null;
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
