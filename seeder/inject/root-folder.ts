/** `bootseed inject --root`: into a root folder, as image builders have it (mmdebstrap, debootstrap, a mounted image). */
import {
  chownSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, sep } from "node:path";
import { BootseedError } from "@bootseed/protocol";
import { syncFolder, writePrivateFile } from "../cli/private-file.ts";
import { readErrorCode } from "../mint-client/read-error.ts";
import { refuseRootInUse } from "./in-use.ts";
import { CREDITABLE, DROP_IN, DROP_IN_FILE, DROP_IN_FOLDER, firstBootRemark, SEED_FILE } from "./random-seed.ts";
import { PYTHON, run } from "./run.ts";

/** Node has no call for extended attributes. Of an open file, so that no name can lead it elsewhere. */
const MARK = `import os; os.setxattr(3, "${CREDITABLE}", b"1"); assert os.getxattr(3, "${CREDITABLE}") == b"1"`;

/** A link in the image must not lead out of it, as /var → /srv/var would. */
function inside(root: string, path: string): string {
  const real = realpathSync(join(root, path));
  if (real.startsWith(root.endsWith(sep) ? root : root + sep)) return real;
  throw new BootseedError("conflict", `${join(root, path)} leads out of the image, to ${real}: make its link relative`);
}

export interface RootFolder {
  root: string;
  seedFolder: string;
  /** For whoever injects. */
  remark: string | undefined;
}

/** A link leads where it leads for the image, not for this machine: then it is not followed. */
function machineIdIn(root: string): string | undefined {
  const path = join(root, "etc/machine-id");
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path, "latin1") : undefined;
}

/**
 * @returns the folder of the seed, checked
 * @throws BootseedError "not-found" (no such folder, no systemd in it), "io", "conflict" (it is running, a link leads out of it)
 */
export function openRoot(root: string): RootFolder {
  let real: string, seedFolder: string;
  try {
    real = realpathSync(root);
    seedFolder = inside(real, "var/lib/systemd");
    inside(real, "etc/systemd/system");
  } catch (cause) {
    if (cause instanceof BootseedError) throw cause;
    const expected = "expected a folder with var/lib/systemd and etc/systemd/system, the root of a closed image";
    throw new BootseedError(readErrorCode(cause), `${expected}: ${(cause as Error).message}`, { cause });
  }
  refuseRootInUse(real);
  return { root: real, seedFolder, remark: firstBootRemark(machineIdIn(real)) };
}

function mark(file: string): void {
  const fd = openSync(file, "r+");
  try {
    const { status, stderr } = run(PYTHON, ["-I", "-c", MARK], "", [fd]);
    if (status === 0) return;
    const why = stderr.trim().split("\n").at(-1) ?? "";
    throw new BootseedError(
      "io",
      `cannot mark the seed as creditable (${CREDITABLE}): ${why}; ext4, xfs and btrfs can`,
    );
  } finally {
    closeSync(fd);
  }
}

/** @throws BootseedError "io" */
export function injectIntoRoot({ root, seedFolder }: RootFolder, seed: Uint8Array): void {
  const owner = statSync(seedFolder);
  writePrivateFile(join(seedFolder, "random-seed"), seed, (partial) => {
    try {
      chownSync(partial, owner.uid, owner.gid);
    } catch (cause) {
      const message = `cannot give ${SEED_FILE} to the owner of its folder, ${owner.uid}: run as root`;
      throw new BootseedError("forbidden", message, { cause });
    }
    mark(partial);
  });
  const folder = join(root, DROP_IN_FOLDER);
  try {
    mkdirSync(folder, { recursive: true });
    inside(root, DROP_IN_FOLDER);
    const file = join(root, DROP_IN_FILE);
    // Made anew: a link of this name in the image would lead to a file of this machine.
    rmSync(file, { force: true });
    writeFileSync(file, DROP_IN, { flag: "wx", mode: 0o644, flush: true });
    syncFolder(folder);
    syncFolder(join(folder, ".."));
  } catch (cause) {
    if (cause instanceof BootseedError) throw cause;
    throw new BootseedError("io", `cannot write ${DROP_IN_FILE}: ${(cause as Error).message}`, { cause });
  }
}
