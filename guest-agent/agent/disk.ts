/** The real disk: a file is replaced as a whole or not at all, whenever the power goes. */
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
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

const EMPTY = new Uint8Array(0);
const missing = (error: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(String((error as { code?: unknown }).code));

/**
 * Opens a file of the state, never what a link points to, and waits for no pipe: whoever took over the unprivileged unit
 * owns the folder, and root must neither read, nor zero, nor give away a file of his choice.
 * @returns null for anything but a file @throws ENOENT, and what the disk throws
 */
function openPlain(path: string, flags: number): number | null {
  if (!lstatSync(path).isFile()) return null;
  const file = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  return null;
}

/** @returns what `read` gives, or `none` when there is no such file or folder */
function unlessMissing<T, N>(read: () => T, none: N): T | N {
  try {
    return read();
  } catch (error) {
    if (missing(error)) return none;
    throw error;
  }
}

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

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
    read(path) {
      const file = unlessMissing(() => openPlain(root + path, constants.O_RDONLY), undefined);
      // A link, a pipe, a folder: there, and no bytes of ours, hence damaged.
      if (file === undefined || file === null) return file === null ? EMPTY : null;
      try {
        return Uint8Array.from(readFileSync(file));
      } finally {
        closeSync(file);
      }
    },
    replace(path, content) {
      const folder = dirname(root + path);
      const temp = `${folder}/tmp`;
      rmSync(temp, { force: true, recursive: true });
      const file = openSync(temp, "wx", 0o600);
      try {
        for (let done = 0; done < content.length;) done += writeSync(file, content, done);
        // The agent's network unit is another user than the kit: whoever writes, the folder's owner keeps the file.
        const { uid, gid } = statSync(folder);
        const now = fstatSync(file);
        if (now.uid !== uid || now.gid !== gid) fchownSync(file, uid, gid);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      if (isFolder(root + path)) rmSync(root + path, { recursive: true });
      renameSync(temp, root + path);
      syncFolder(folder);
    },
    rename(path, to) {
      // Whatever has the name gives way, were it a folder: a file cannot be put in its place.
      rmSync(root + to, { force: true, recursive: true });
      renameSync(root + path, root + to);
      syncFolder(dirname(root + path));
    },
    wipe(path) {
      const file = unlessMissing(() => openPlain(root + path, constants.O_RDWR), undefined);
      if (file === undefined) return;
      if (file !== null)
        try {
          const { size } = fstatSync(file);
          for (let done = 0; done < size;) done += writeSync(file, new Uint8Array(Math.min(size - done, 65_536)), 0);
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
      rmSync(root + path, { recursive: true });
    },
    list(folder) {
      const entries = unlessMissing(() => readdirSync(root + folder, { withFileTypes: true }), []);
      return entries.filter((entry) => !entry.isSymbolicLink()).map(({ name }) => name);
    },
    modifiedMs: (path) => unlessMissing(() => lstatSync(root + path).mtimeMs, null),
  };
}
