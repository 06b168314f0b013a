/** How tests run image-user.sh: as the ordinary user who runs them. Root runs it as nobody. */
import { spawnSync } from "node:child_process";
import { chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const NOBODY = 65_534;
const UID = process.getuid?.() ?? NOBODY;
/** The user of the commands. */
export const USER: number = UID === 0 ? NOBODY : UID;

/** The lines for nobody are in a mount namespace: the machine's own files stay as they are, also after a kill. */
const AS_NOBODY = `mount --bind "$0" /etc/subuid
mount --bind "$0" /etc/subgid
exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups "$@"`;

/**
 * A folder of that user with a copy of image-user.sh, since the repository may be in a folder that only root can enter.
 *
 * @param scripts further files to copy
 */
export function userFolder(...scripts: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-image-user-"));
  for (const name of ["image-user.sh", ...scripts]) {
    copyFileSync(join(import.meta.dirname, name), join(dir, name));
    ownedByUser(join(dir, name));
  }
  ownedByUser(dir);
  writeFileSync(join(dir, "ranges"), `nobody:1000000000:65536\n`);
  return dir;
}

/** Gives a file to that user. */
export function ownedByUser(file: string): void {
  chownSync(file, USER, UID === 0 ? NOBODY : -1);
}

/** Program and arguments that run image-user.sh of such a folder. */
export function imageUser(dir: string, ...args: readonly string[]): [string, string[]] {
  const script = [join(dir, "image-user.sh"), ...args];
  if (UID !== 0) return ["sh", script];
  return ["unshare", ["--mount", "sh", "-euc", AS_NOBODY, join(dir, "ranges"), "sh", ...script]];
}

/** Whether that user may build an image in a namespace here; else what the system answered. */
export function namespacesOfUser(): { ready: boolean; said: string } {
  const dir = userFolder();
  const { status, stderr, error } = spawnSync(...imageUser(dir, "--check"), { encoding: "utf8" });
  rmSync(dir, { recursive: true });
  return { ready: status === 0, said: error?.message ?? stderr.trim() };
}
