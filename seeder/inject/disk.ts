/** `bootseed inject --disk`: into a closed image file, raw or qcow2, by debugfs: no mount, no root, no kernel module. */
import { fsyncSync, readSync } from "node:fs";
import { BootseedError, equalConstantTime } from "@bootseed/protocol";
import { refuseDamaged } from "./damage.ts";
import { debugfs, type Ext4, hasFolder, rootFileSystem } from "./ext4.ts";
import { refuseNoImage, withFile, withNameless } from "./files.ts";
import { refuseImageInUse } from "./in-use.ts";
import { CREDITABLE, DROP_IN, DROP_IN_FILE, DROP_IN_FOLDER, firstBootRemark, SEED_FILE } from "./random-seed.ts";
import { withRawView } from "./raw-view.ts";

/** Offsets in the header, big-endian (QEMU: docs/interop/qcow2.rst). */
const QCOW2 = { magic: 0x51_46_49_fb, version: 4, incompatible: 72, bytes: 80 } as const;
const DATA_FILE = 4n;

/** @throws BootseedError "conflict" for an image that names another file to write to */
function formatOf(fd: number, shown: string): "raw" | "qcow2" {
  const header = Buffer.alloc(QCOW2.bytes);
  readSync(fd, header);
  if (header.readUInt32BE() !== QCOW2.magic) return "raw";
  if (header.readUInt32BE(QCOW2.version) < 3) return "qcow2";
  if ((header.readBigUInt64BE(QCOW2.incompatible) & DATA_FILE) === 0n) return "qcow2";
  const fix = "which the image's maker named and nobody has looked at: qemu-img convert makes one image of both";
  throw new BootseedError("conflict", `${shown} keeps its data in another file, ${fix}`);
}

/** The order of a crash-safe write is not to be had here: what is left of an interrupted one is seen by e2fsck. */
function write(fs: Ext4, seed: Uint8Array): void {
  const [file, conf] = [`/${SEED_FILE}`, `/${DROP_IN_FILE}`];
  const put = (fd: number, path: string, mode: string): string[] => [
    `rm ${path}`,
    `write /proc/self/fd/${fd} ${path}`,
    `set_inode_field ${path} mode 0100${mode}`,
    `set_inode_field ${path} uid 0`,
    `set_inode_field ${path} gid 0`,
  ];
  const commands = [
    ...put(4, file, "600"),
    `ea_set ${file} ${CREDITABLE} 1`,
    // mkdir of a folder that is there leaves e2fsprogs 1.47.0 with an inode counted twice.
    ...(hasFolder(fs, `/${DROP_IN_FOLDER}`) ? [] : [`mkdir /${DROP_IN_FOLDER}`]),
    ...put(5, conf, "644"),
  ];
  withNameless(seed, (seedFd) =>
    withNameless(Buffer.from(DROP_IN), (confFd) => void debugfs(fs, commands, true, [seedFd, confFd])),
  );
}

/** debugfs says nothing by its exit status: what is in the image now is what counts. */
function readBack(fs: Ext4, seed: Uint8Array, shown: string): void {
  const ask = (request: string): Buffer => debugfs(fs, [request], false);
  const bytes = ask(`cat /${SEED_FILE}`);
  const attributes = ask(`ea_list /${SEED_FILE}`).toString("latin1");
  const inode = ask(`stat /${SEED_FILE}`).toString("latin1");
  const conf = ask(`cat /${DROP_IN_FILE}`).toString("utf8");
  const same = bytes.length === seed.length && equalConstantTime(bytes, seed);
  bytes.fill(0);
  const marked = attributes.includes(`${CREDITABLE} (1) = "1"`);
  if (same && marked && /Mode: +0600\b/.test(inode) && conf === DROP_IN) return;
  const message = `${shown} does not hold what was written: is its file system full? Run e2fsck on it before it is used`;
  throw new BootseedError("storage-failed", message);
}

function writeInto(raw: string, seed: Uint8Array, partition: number | undefined, shown: string): void {
  withFile(raw, "r+", (fd) => {
    const fs = rootFileSystem(fd, partition, shown);
    write(fs, seed);
    fsyncSync(fd);
    readBack(fs, seed, shown);
  });
}

export interface Disk {
  file: string;
  isQcow2: boolean;
  partition: number | undefined;
  /** For whoever injects. */
  remark: string | undefined;
}

function machineIdIn(fs: Ext4): string | undefined {
  const isFile = /Type: regular/.test(debugfs(fs, ["stat /etc/machine-id"], false).toString("latin1"));
  return isFile ? debugfs(fs, ["cat /etc/machine-id"], false).toString("latin1") : undefined;
}

const rawView = <T>({ file, isQcow2 }: Disk, use: (path: string) => T): Promise<T> =>
  isQcow2 ? withRawView(file, use) : Promise.resolve().then(() => use(file));

/**
 * Looks before a seed is asked for.
 *
 * @throws BadInput (damaged), BootseedError "not-found", "conflict" (in use, not clean), "usage" (several systems), "io"
 */
export async function openDisk(file: string, partition: number | undefined): Promise<Disk> {
  refuseNoImage(file);
  try {
    refuseImageInUse(file);
    const format = withFile(file, "r+", (fd) => formatOf(fd, file));
    if (format === "qcow2") refuseDamaged(file);
    const disk = { file, isQcow2: format === "qcow2", partition, remark: undefined };
    const look = (fd: number): string | undefined => firstBootRemark(machineIdIn(rootFileSystem(fd, partition, file)));
    return { ...disk, remark: await rawView(disk, (path) => withFile(path, "r+", look)) };
  } catch (cause) {
    if (cause instanceof BootseedError) throw cause;
    throw new BootseedError("io", `cannot open ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** @throws BootseedError as `openDisk`, "storage-failed" when the image does not hold it afterwards */
export async function injectIntoDisk(disk: Disk, seed: Uint8Array): Promise<void> {
  const { file, partition } = disk;
  refuseImageInUse(file);
  await rawView(disk, (path) => writeInto(path, seed, partition, file));
  withFile(file, "r+", (fd) => fsyncSync(fd));
}
