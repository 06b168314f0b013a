/** A damaged qcow2 image is told from one that is in use, and nothing is written to it. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { BadInput } from "../cli/bad-input.ts";
import { injectIntoDisk, openDisk } from "./disk.ts";
import { withRawView } from "./raw-view.ts";
import { withSbin } from "./run.ts";

const has = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { env: withSbin() }).error === undefined;
const TOOLS = prerequisite(
  ["qemu-storage-daemon", "qemu-img"].every((tool) => has(tool, "--version")) &&
    has("mke2fs", "-V") &&
    existsSync("/dev/fuse"),
  "expected qemu-img, qemu-storage-daemon, mke2fs and /dev/fuse: apt-get install qemu-utils qemu-system-common e2fsprogs",
);
const CLUSTER = 64 << 10;
/** Clusters of a new image (QEMU: docs/interop/qcow2.rst). */
const AT = { version: 4, incompatible: 72, counts: CLUSTER, count: 2 * CLUSTER, l1: 3 * CLUSTER } as const;
const UNALIGNED_L2 = Uint8Array.of(0x80, 0, 0, 0, 0, 5, 2, 0);
const dir = mkdtempSync(join(tmpdir(), "bootseed-damage-"));
const at = (name: string): string => join(dir, name);
const sh = (program: string, ...args: string[]): void =>
  void execFileSync(program, args, { env: withSbin(), stdio: "ignore" });

function image(name: string, offset?: number, bytes: Uint8Array = new Uint8Array()): string {
  sh("qemu-img", "convert", "-O", "qcow2", at("plain.raw"), at(name));
  const fd = openSync(at(name), "r+");
  if (offset !== undefined) writeSync(fd, bytes, 0, bytes.length, offset);
  closeSync(fd);
  return at(name);
}

function cutOff(name: string): string {
  truncateSync(image(name), 5 * CLUSTER);
  return at(name);
}

function withoutBackingFile(name: string): string {
  sh("qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "gone", "-F", "raw", at(name), "16M");
  return at(name);
}

describe.skipIf(!TOOLS)("a damaged qcow2 image", () => {
  beforeAll(() => {
    for (const folder of ["var/lib/systemd", "etc/systemd/system"])
      mkdirSync(join(at("tree"), folder), { recursive: true });
    writeFileSync(at("plain.raw"), "");
    truncateSync(at("plain.raw"), 16 << 20);
    sh("mke2fs", "-q", "-F", "-t", "ext4", "-d", at("tree"), at("plain.raw"));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    ["of an unknown version", /Unsupported qcow2 version 77/, () => image("a", AT.version, Uint8Array.of(0, 0, 0, 77))],
    [
      "with QEMU's own mark",
      /Image is corrupt; cannot be opened/,
      () => image("b", AT.incompatible + 7, Uint8Array.of(2)),
    ],
    ["whose tables are lost", /L1 entry/, () => image("c", AT.l1, UNALIGNED_L2)],
    ["whose counts are lost", /refcount table entry 0/, () => image("d", AT.counts, new Uint8Array(8).fill(0xff))],
    ["that was cut off", /end of the file/, () => cutOff("half, with a comma")],
    ["without its backing file", /Could not open backing file/, () => withoutBackingFile("e")],
  ])("%s is refused for what it is", async (_, why, make) => {
    const file = make();
    const before = readFileSync(file);
    const error: unknown = await openDisk(file, undefined).catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(BadInput);
    expect((error as Error).message).toMatch(/ is damaged or not complete: .*; see qemu-img check$/);
    expect((error as Error).message).toMatch(why);
    expect(readFileSync(file).equals(before)).toBe(true);
  });
  it("that shows it only as it is read: what was read is not believed", async () => {
    const look = (view: string): string => (spawnSync("head", ["-c", "1", view]), "believed");
    await expect(withRawView(image("f", AT.l1, UNALIGNED_L2), look)).rejects.toThrow(/is damaged or not complete: L2/);
  });
  it("is none whose clusters are merely not used", async () => {
    const clusters = readFileSync(image("whole")).length / CLUSTER;
    const file = image("leaky", AT.count + 2 * clusters, Uint8Array.of(0, 1));
    truncateSync(file, (clusters + 1) * CLUSTER);
    expect(spawnSync("qemu-img", ["check", file], { encoding: "utf8" }).stdout).toMatch(/1 leaked clusters/);
    await injectIntoDisk(await openDisk(file, undefined), new Uint8Array(512).fill(7));
  });
});
