/**
 * Packs the kit for user-data: `npm run kit` writes seeder/kit/, which is committed, since a machine that runs `pulumi up` may lack python3.
 *
 *     kit.b94    the packed program and units, one line of base 94: what stands for @KIT@ in hook.sh
 *     hook.sh    the boothook, with the gate in it, and @KIT@ and @SEED@ still to be filled in
 *     kit.pyz    what the hook makes of kit.b94 on the VM, as a stored zip
 *     kit.json   version, and size and SHA-256 of kit.pyz
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { storedZip } from "./zip.ts";

const HERE = import.meta.dirname;
const KIT = join(HERE, "kit");
const OUT = join(HERE, "..", "seeder", "kit");

/** The files of seeder/kit/, by name. */
export type KitFiles = Readonly<Record<"kit.b94" | "hook.sh" | "kit.pyz" | "kit.json", Uint8Array | string>>;

/** Bytes in user-data. */
export interface UserDataSizes {
  readonly kit: number;
  readonly hook: number;
  /** one host's seed file in base64, its statement with one pin and an address of 24 characters */
  readonly seed: number;
  readonly total: number;
}

function source(name: string): string {
  return readFileSync(join(KIT, name), "utf8");
}

/** Shell or unit file without comment lines (`# …`), indentation and empty lines. A `#!` and `#cloud-boothook` stay. */
function stripText(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("# ")).join("\n");
}

/** Units and drop-ins by the path they get in the VM. */
function units(): Record<string, string> {
  const names = readdirSync(join(KIT, "etc"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(KIT.length + 1))
    .toSorted();
  return Object.fromEntries(names.map((name) => [name, `${stripText(source(name))}\n`]));
}

/** The boothook with the gate filled in. @param size - of the packed kit in bytes */
function hook(size: number): string {
  const parts = new Map([
    ["@GATE@", stripText(source("gate.sh"))],
    ["@SIZE@", String(size)],
  ]);
  const filled = stripText(source("hook.sh")).replaceAll(/@(?:GATE|SIZE)@/g, (name) => parts.get(name) ?? name);
  return `${filled}\n`;
}

/** Makes everything in memory. @param python - an interpreter with `ast.unparse` and `lzma`, 3.9 or later */
export function packKit(python = "/usr/bin/python3"): KitFiles {
  const texts = units();
  const command = ["-sEB", join(HERE, "strip.py"), KIT];
  const stdout = execFileSync(python, command, { input: JSON.stringify(texts), encoding: "utf8" });
  const { main, packed, size } = JSON.parse(stdout) as { main: string; packed: string; size: number };
  const files = Object.entries({ "__main__.py": main, ...texts });
  const pyz = storedZip(files.map(([name, text]) => ({ name, data: Buffer.from(text) })));
  const version = /VERSION = "([^"]+)"/.exec(source("bootseed/__init__.py"))?.[1];
  const sha256 = createHash("sha256").update(pyz).digest("hex");
  return {
    "kit.b94": `${packed}\n`,
    "hook.sh": hook(size),
    "kit.pyz": pyz,
    "kit.json": `${JSON.stringify({ version, bytes: pyz.length, sha256 }, null, 2)}\n`,
  };
}

/** What the kit adds to user-data, besides the MIME envelope. */
export function userDataSizes(files: KitFiles): UserDataSizes {
  const kit = files["kit.b94"].length - 1;
  const hookBytes = files["hook.sh"].length - "@KIT@@SEED@".length;
  const seed = 4 * Math.ceil((2 + 396) / 3);
  return { kit, hook: hookBytes, seed, total: kit + hookBytes + seed };
}

if (import.meta.main) {
  const files = packKit();
  mkdirSync(OUT, { recursive: true });
  for (const [name, data] of Object.entries(files)) writeFileSync(join(OUT, name), data);
  const { kit, hook: hookBytes, seed, total } = userDataSizes(files);
  console.log(`kit ${kit} B + hook ${hookBytes} B + one host's seed ${seed} B = ${total} B of user-data`);
}
