/** One regular file or folder of an initramfs archive. */
export interface CpioFile {
  /** path without a leading slash; its folders must come before it */
  readonly path: string;
  /** permission bits, such as 0o755 */
  readonly mode: number;
  /** contents; absent for a folder */
  readonly data?: Uint8Array;
}

const REGULAR = 0o100000;
const FOLDER = 0o040000;

/**
 * Packs files as a `newc` cpio archive (Linux Documentation/driver-api/early-userspace/buffer-format.rst). The kernel unpacks any number
 * of archives one after the other, so this one is simply appended to a bigger one.
 *
 * @example cpio([{ path: "etc", mode: 0o755 }, { path: "etc/x", mode: 0o644, data }])
 */
export function cpio(files: readonly CpioFile[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [index, file] of files.entries()) parts.push(...record(file, index + 1));
  parts.push(...record({ path: "TRAILER!!!", mode: 0 }, 0, true));
  return Buffer.concat(parts);
}

function record(file: CpioFile, inode: number, trailer = false): Uint8Array[] {
  const data = file.data ?? new Uint8Array(0);
  const mode = trailer ? 0 : file.mode | (file.data === undefined ? FOLDER : REGULAR);
  const name = Buffer.from(`${file.path}\0`);
  // inode, mode, uid, gid, nlink, mtime, size, device 2, rdevice 2, name size, check
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  return [header, name, pad(header.length + name.length), data, pad(data.length)];
}

function pad(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
