/** Where in a raw image its root file system is. */
import { readSync } from "node:fs";
import { BootseedError } from "@bootseed/protocol";
import { DEBUGFS, PARTX, run } from "./run.ts";

/** An ext2, ext3 or ext4 file system in an open image. */
export interface Ext4 {
  /** Of the image, raw; opened for reading and writing. */
  fd: number;
  /** Where it begins, in bytes. */
  offset: number;
  /** Partition, or 0 for an image without partitions. */
  partition: number;
}

const SECTOR = 512;
/** Offsets in the superblock, which begins 1,024 bytes into the file system (kernel: Documentation/filesystems/ext4). */
const SUPERBLOCK = { at: 1024, magic: 0x38, state: 0x3a, incompatible: 0x60 } as const;
const MAGIC = 0xef53;
const CLEAN = 1;
const NEEDS_RECOVERY = 4;

function superblock({ fd, offset }: Ext4): Buffer {
  const block = Buffer.alloc(SECTOR);
  readSync(fd, block, 0, SECTOR, offset + SUPERBLOCK.at);
  return block;
}

const isExt4 = (fs: Ext4): boolean => superblock(fs).readUInt16LE(SUPERBLOCK.magic) === MAGIC;

/** @throws BootseedError "conflict" for a file system that is mounted somewhere, or was not unmounted */
function refuseUnclean(fs: Ext4, shown: string): void {
  const block = superblock(fs);
  const clean = (block.readUInt16LE(SUPERBLOCK.state) & CLEAN) !== 0;
  if (clean && (block.readUInt32LE(SUPERBLOCK.incompatible) & NEEDS_RECOVERY) === 0) return;
  const fix = "shut its machine down, or repair the image with e2fsck, then inject";
  throw new BootseedError("conflict", `the file system of ${shown} was not unmounted, or is mounted now: ${fix}`);
}

/** Commands of debugfs(8). Its exit status says nothing; whoever writes reads back. */
export function debugfs(fs: Ext4, commands: readonly string[], write: boolean, fds: readonly number[] = []): Buffer {
  const image = `/proc/self/fd/3?offset=${fs.offset}`;
  const [first = "", ...more] = commands;
  // One request prints nothing but its answer.
  const [how, input] = more.length === 0 && !write ? [["-R", first], ""] : [["-f", "-"], `${commands.join("\n")}\n`];
  return run(DEBUGFS, [...(write ? ["-w"] : []), ...how, image], input, [fs.fd, ...fds]).stdout;
}

/** @param path absolute, of the file system */
export const hasFolder = (fs: Ext4, path: string): boolean =>
  /Type: directory/.test(debugfs(fs, [`stat ${path}`], false).toString("latin1"));

function partitions(fd: number): Ext4[] {
  const args = ["--raw", "--noheadings", "--output", "NR,START", "/proc/self/fd/3"];
  const lines = run(PARTX, args, "", [fd]).stdout.toString("utf8").trim().split("\n");
  return lines.flatMap((line) => {
    const [, nr, start] = /^(\d+) (\d+)$/.exec(line.trim()) ?? [];
    return nr === undefined ? [] : [{ fd, offset: Number(start) * SECTOR, partition: Number(nr) }];
  });
}

/**
 * @param fd the raw image, opened for reading and writing
 * @param partition the one that is meant; undefined: the only one with systemd's folders
 * @param shown the image's name
 * @throws BootseedError "not-found" when there is none, "usage" when there are several, "conflict" when it is not clean
 */
export function rootFileSystem(fd: number, partition: number | undefined, shown: string): Ext4 {
  const whole: Ext4 = { fd, offset: 0, partition: 0 };
  const all = isExt4(whole) ? [whole] : partitions(fd);
  const named = partition === undefined ? all : all.filter((one) => one.partition === partition);
  const found = named
    .filter(isExt4)
    .filter((one) => hasFolder(one, "/var/lib/systemd") && hasFolder(one, "/etc/systemd/system"));
  const [root] = found;
  if (root === undefined) {
    const where = partition === undefined ? "" : ` in partition ${partition}`;
    const expected = "expected an ext4 file system with /var/lib/systemd and /etc/systemd/system";
    throw new BootseedError("not-found", `${expected}${where} of ${shown}, found none: mount it and use --root DIR`);
  }
  if (found.length > 1) {
    const numbers = found.map((one) => one.partition).join(", ");
    throw new BootseedError("usage", `${shown} has several systems, in partitions ${numbers}: name one, --partition N`);
  }
  refuseUnclean(root, shown);
  return root;
}
