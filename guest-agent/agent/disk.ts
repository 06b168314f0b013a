/** The real disk: a file is replaced as a whole or not at all, whenever the power goes. */
import {
  chownSync,
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Disk } from "./world.ts";

const missing = (error: unknown): boolean => (error as { code?: unknown }).code === "ENOENT";

/** @returns what `read` gives, or `none` when there is no such file or folder */
function unlessMissing<T, N>(read: () => T, none: N): T | N {
  try {
    return read();
  } catch (error) {
    if (missing(error)) return none;
    throw error;
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** @param root prefix of every path, for tests */
export function realDisk(root = ""): Disk {
  return {
    read: (path) => unlessMissing(() => Uint8Array.from(readFileSync(root + path)), null),
    replace(path, content) {
      const folder = dirname(root + path);
      const temp = `${folder}/tmp`;
      rmSync(temp, { force: true });
      const file = openSync(temp, "wx", 0o600);
      try {
        for (let done = 0; done < content.length;) done += writeSync(file, content, done);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      // The agent's network unit is another user than the kit: whoever writes, the folder's owner keeps the file.
      const { uid, gid } = statSync(folder);
      const now = statSync(temp);
      if (now.uid !== uid || now.gid !== gid) chownSync(temp, uid, gid);
      renameSync(temp, root + path);
      syncFolder(folder);
    },
    rename(path, to) {
      renameSync(root + path, root + to);
      syncFolder(dirname(root + path));
    },
    wipe(path) {
      const file = unlessMissing(() => openSync(root + path, "r+"), null);
      if (file === null) return;
      try {
        writeSync(file, new Uint8Array(fstatSync(file).size));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      rmSync(root + path);
    },
    list: (folder) => unlessMissing(() => readdirSync(root + folder), []),
    modifiedMs: (path) => unlessMissing(() => statSync(root + path).mtimeMs, null),
  };
}
