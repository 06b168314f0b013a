/** The identity key, made by ssh-keygen and durable before anybody hears of it. */
import { BootseedError, type KeyPair } from "@bootseed/protocol";
import { lchownSync, lstatSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Machine, sshKeygen } from "./machine.ts";
import { parseOpensshKey } from "./openssh-key.ts";
import type { World } from "./world.ts";

/**
 * @param path of the host's folder; made when it is not there
 * @returns the keys; the private one is a secret
 * @throws when ssh-keygen is missing or the disk is full
 */
export function ensureIdentity(world: World, machine: Machine, path: string): KeyPair {
  makeFolder(machine.at(path));
  const known = world.disk.read(`${path}/identity`);
  if (known !== null) {
    try {
      return parseOpensshKey(known);
    } catch (error) {
      if (!(error instanceof BootseedError)) throw error;
      world.disk.rename(`${path}/identity`, `${path}/identity.corrupt`);
      world.say(`${path}/identity is damaged and was put aside: ${(error as Error).message}`);
    }
  }
  for (const end of ["", ".pub"]) world.disk.wipe(`${path}/new${end}`);
  sshKeygen(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", machine.at(`${path}/new`)]);
  for (const end of [".pub", ""]) {
    const made = world.disk.read(`${path}/new${end}`);
    if (made === null) throw new Error(`ssh-keygen left no ${path}/new${end}`);
    world.disk.replace(`${path}/identity${end}`, made);
    world.disk.wipe(`${path}/new${end}`);
    if (end === "") return parseOpensshKey(made);
  }
  throw new Error("unreachable");
}

/** Of whom the folder above belongs to: what root joins here, the agent's units read later. */
function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const now = lstatSync(path);
  if (!now.isDirectory()) throw new BootseedError("io", `${path}: expected a folder, got a link: remove it`);
  const { uid, gid } = statSync(dirname(path));
  if (now.uid !== uid || now.gid !== gid) lchownSync(path, uid, gid);
}
