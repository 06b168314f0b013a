/** The SSH host keys that sshd shows: their files, public halves and signatures, as the kit reports them (hostkeys.py). */
import {
  readdirSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { childProcess } from "./lazy.ts";
import { type Machine, sshKeygen } from "./machine.ts";

const CONFIG = "/etc/ssh/sshd_config";

export interface HostKeys {
  /** File and `type base64` of each usable key. */
  readonly keys: Map<string, string>;
  /** What is wrong with the others, each with its file. */
  readonly remarks: string[];
}

/** Files that match a pattern with `*` and `?` in its last part, sorted. */
function matching(pattern: string): string[] {
  const at = pattern.lastIndexOf("/");
  const [folder, name] = [pattern.slice(0, at), pattern.slice(at + 1)];
  const expression = name
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  try {
    return readdirSync(folder)
      .filter((file) => new RegExp(`^${expression}$`).test(file))
      .sort() // oxlint-disable-line unicorn/no-array-sort -- Node 18 has no toSorted
      .map((file) => `${folder}/${file}`);
  } catch {
    return [];
  }
}

/** The text of sshd's configuration and of all that it includes, each file once. */
function config(machine: Machine): string {
  const texts = new Map<string, string>();
  const patterns = new Set([CONFIG]);
  for (const pattern of patterns) {
    for (const file of matching(machine.at(pattern))) {
      // A pipe would keep root waiting.
      if (texts.has(file) || !isFile(file)) continue;
      const text = readFileSync(file, "utf8");
      texts.set(file, text);
      for (const [, words = ""] of text.matchAll(/^[^\S\n]*include[^\S\n=]*[=\s][^\S\n]*(.*)$/gim))
        for (const word of words.split(/\s+/)) patterns.add(resolve("/etc/ssh", word.replaceAll('"', "")));
    }
  }
  return [...texts.values()].join("\n");
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** What sshd says of its configuration; the configuration itself where it does not answer. */
function settings(machine: Machine): string {
  const args = ["-T", "-f", machine.at(CONFIG)];
  const ran = childProcess().spawnSync(machine.at("/usr/sbin/sshd"), args, {
    encoding: "utf8",
    timeout: 10_000,
    killSignal: "SIGKILL",
  });
  if (ran.status === 0) return ran.stdout;
  try {
    return config(machine);
  } catch {
    return "";
  }
}

/** Files of the keys that sshd shows, sorted: ecdsa, ed25519 and rsa where no others are configured. */
export function hostKeyFiles(machine: Machine): string[] {
  const named = [...settings(machine).matchAll(/^\s*hostkey[\s=]+"?([^"#\n]+)/gim)].map(([, name = ""]) =>
    machine.at(name.trim()),
  );
  const files = named.length > 0 ? [...new Set(named)] : machine.hostKeys();
  // oxlint-disable-next-line unicorn/no-array-sort -- Node 18 has no toSorted
  return files.filter((file) => existsSync(file)).sort();
}

/** `type base64`, made from the private half, which is what sshd shows. @throws Error that says why there is none */
function publicHalf(file: string): string {
  // ssh-keygen would wait for a pipe.
  if (!isFile(file)) throw new Error("no file");
  const line = keygen(["-y", "-P", "", "-f", file]).toString("latin1").split(/\s+/).slice(0, 2).join(" ");
  // The longest field of an RSA key is its modulus; the host takes 2,048 to 16,384 bits.
  if (!/^(?:ssh-ed|ecdsa-|ssh-rsa .{360,2800}$)/.test(line)) throw new Error(`not reported: ${line}`);
  return line;
}

/** @throws Error with the last words of ssh-keygen, or with what is missing */
function keygen(args: readonly string[], input: Uint8Array = new Uint8Array(0)): Buffer {
  try {
    return sshKeygen(args, input);
  } catch (error) {
    const { code, stderr } = error as { code?: unknown; stderr?: Buffer };
    if (code === "ENOENT")
      throw new Error("ssh-keygen is missing: install openssh-client", {
        cause: error,
      });
    throw new Error(stderr?.toString().trim().split("\n").pop() || String(error), { cause: error });
  }
}

/** Reads the keys; one that cannot be used is named, and the others are reported. */
export function findHostKeys(machine: Machine): HostKeys {
  const keys = new Map<string, string>();
  const remarks: string[] = [];
  for (const file of hostKeyFiles(machine)) {
    try {
      const line = publicHalf(file);
      keys.set(file, line);
      const half = isFile(`${file}.pub`) ? readFileSync(`${file}.pub`, "latin1") : "";
      if (!half.split(/\s+/).includes(line.split(" ")[1] ?? ""))
        remarks.push(`${file}: its .pub is missing or another`);
    } catch (error) {
      remarks.push(`${file}: ${(error as Error).message}`);
    }
  }
  return { keys, remarks };
}

/**
 * An armoured SSHSIG by a host key. ssh-keygen signs only for a public half beside the private one, so it is shown a link
 * with the right one beside it.
 * @throws Error
 */
export function signByHostKey(file: string, line: string, namespace: string, data: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "bootseed-key-"));
  try {
    symlinkSync(resolve(file), join(folder, "key"));
    writeFileSync(join(folder, "key.pub"), `${line}\n`);
    return keygen(["-Y", "sign", "-q", "-n", namespace, "-f", join(folder, "key")], data).toString("latin1");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
