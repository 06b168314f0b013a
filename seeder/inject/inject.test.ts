import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  accessSync,
  closeSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { injectIntoDisk, openDisk } from "./disk.ts";
import { refuseImageInUse } from "./in-use.ts";
import { CREDITABLE, DROP_IN, DROP_IN_FILE, firstBootRemark, SEED_FILE } from "./random-seed.ts";
import { withRawView } from "./raw-view.ts";
import { injectIntoRoot, openRoot } from "./root-folder.ts";
import { withSbin } from "./run.ts";

const has = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { env: withSbin() }).error === undefined;
function mayOpen(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
const E2FS = prerequisite(
  has("debugfs", "-V") && has("mke2fs", "-V"),
  "expected debugfs: apt-get install e2fsprogs",
); /** Root mounts by itself, others by the helper of Debian's package fuse3. */
const FUSE = process.getuid?.() === 0 ? existsSync("/dev/fuse") : mayOpen("/dev/fuse") && has("fusermount3", "-V");
const QEMU = prerequisite(
  has("qemu-storage-daemon", "--version") && has("qemu-img", "--version") && FUSE,
  "expected qemu-img, qemu-storage-daemon and the right to use FUSE: apt-get install qemu-utils qemu-system-common, as an ordinary user fuse3 too",
);
const MOUNT = prerequisite(
  process.getuid?.() === 0 && existsSync("/dev/loop-control"),
  "expected root and loop devices",
);
/** Two partitions of Linux: 16 MiB at 1 MiB, 16 MiB at 17 MiB. An MBR is 4 entries at 446 and a mark. */
const MIB = 1 << 20;
const SIZE = 16 * MIB;

const seed = Uint8Array.from({ length: 512 }, (_, i) => (i * 7 + 3) & 0xff);
let dir: string;
const at = (name: string): string => join(dir, name);
const sh = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { env: withSbin(), encoding: "latin1", stdio: ["ignore", "pipe", "ignore"] });

function makeTree(name: string): string {
  for (const folder of ["var/lib/systemd", "etc/systemd/system"])
    mkdirSync(join(at(name), folder), { recursive: true });
  writeFileSync(join(at(name), SEED_FILE), "the image's own, the same in all its copies");
  return at(name);
}

/** A real ext4 file system. */
function makeExt4(name: string, tree: string): string {
  writeFileSync(at(name), "");
  truncateSync(at(name), SIZE);
  sh("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, at(name));
  return at(name);
}

function makePartitioned(name: string, parts: readonly string[]): string {
  writeFileSync(at(name), "");
  truncateSync(at(name), MIB + parts.length * SIZE);
  const fd = openSync(at(name), "r+");
  const mbr = Buffer.alloc(512);
  for (const [i, part] of parts.entries()) {
    const start = MIB + i * SIZE;
    mbr[446 + 16 * i + 4] = 0x83;
    mbr.writeUInt32LE(start / 512, 446 + 16 * i + 8);
    mbr.writeUInt32LE(SIZE / 512, 446 + 16 * i + 12);
    writeSync(fd, readFileSync(part), 0, SIZE, start);
  }
  mbr.writeUInt16BE(0x55aa, 510);
  writeSync(fd, mbr, 0, 512, 0);
  closeSync(fd);
  return at(name);
}

const ask = (image: string, request: string): string => sh("debugfs", "-R", request, image);

/** @param raw of the file system, as e2fsck and debugfs take it */
function expectInjected(raw: string): void {
  expect(Buffer.from(ask(raw, `cat /${SEED_FILE}`), "latin1")).toEqual(Buffer.from(seed));
  expect(ask(raw, `ea_list /${SEED_FILE}`)).toContain(`${CREDITABLE} (1) = "1"`);
  expect(ask(raw, `stat /${SEED_FILE}`)).toMatch(/Mode: +0600[^]*User: +0 +Group: +0/);
  expect(ask(raw, `cat /${DROP_IN_FILE}`)).toBe(DROP_IN);
  const checked = spawnSync("e2fsck", ["-fn", raw], { env: withSbin(), encoding: "utf8" });
  expect(checked, checked.stdout).toMatchObject({ status: 0 });
}

const inject = async (file: string, partition?: number): Promise<void> =>
  injectIntoDisk(await openDisk(file, partition), seed);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-inject-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.skipIf(!E2FS)("inject --disk", () => {
  let plain: string, empty: string;
  beforeAll(() => {
    plain = makeExt4("plain.raw", makeTree("tree"));
    mkdirSync(at("nothing"));
    empty = makeExt4("empty.raw", at("nothing"));
  });
  const copy = (name: string): string => {
    cpSync(plain, at(name));
    return at(name);
  };

  it("a file system without partitions, twice", async () => {
    const file = copy("whole, with a comma?.raw");
    await inject(file);
    await inject(file);
    expectInjected(copyOf(file, "checked.raw"));
  });
  it("the one partition that holds a system", async () => {
    const file = makePartitioned("parts.raw", [empty, plain]);
    await inject(file);
    const part = readFileSync(file).subarray(MIB + SIZE);
    writeFileSync(at("part.raw"), part);
    expectInjected(at("part.raw"));
    expect(
      readFileSync(file)
        .subarray(MIB, MIB + SIZE)
        .equals(readFileSync(empty)),
    ).toBe(true);
  });
  it("of two systems the one that is named", async () => {
    const file = makePartitioned("two.raw", [plain, plain]);
    await expect(inject(file)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringMatching(/partitions 1, 2/),
    });
    await inject(file, 1);
    expect(
      readFileSync(file)
        .subarray(MIB + SIZE)
        .equals(readFileSync(plain)),
    ).toBe(true);
  });
  it.skipIf(!QEMU)("a qcow2 image over a backing file, which stays as it was", async () => {
    sh("qemu-img", "convert", "-O", "qcow2", plain, at("base.qcow2"));
    sh("qemu-img", "create", "-q", "-f", "qcow2", "-b", at("base.qcow2"), "-F", "qcow2", at("over.qcow2"));
    const before = readFileSync(at("base.qcow2"));
    await inject(at("over.qcow2"));
    sh("qemu-img", "convert", "-O", "raw", at("over.qcow2"), at("out.raw"));
    expectInjected(at("out.raw"));
    expect(readFileSync(at("base.qcow2")).equals(before)).toBe(true);
    expect(spawnSync("qemu-img", ["check", at("over.qcow2")]).status).toBe(0);
  });
  it.skipIf(!QEMU)("refuses a qcow2 image that would have another file written to", async () => {
    const other = copy("other.raw");
    sh(
      "qemu-img",
      "create",
      "-qf",
      "qcow2",
      "-o",
      `data_file=${other},data_file_raw=on`,
      at("outside.qcow2"),
      `${SIZE}`,
    );
    cpSync(plain, other);
    await expect(inject(at("outside.qcow2"))).rejects.toMatchObject({
      code: "conflict",
      message: expect.stringMatching(/keeps its data in another file/) as string,
    });
    expect(readFileSync(other).equals(readFileSync(plain))).toBe(true);
  });
  it.skipIf(!QEMU)("refuses a qcow2 image that a VM has", async () => {
    sh("qemu-img", "convert", "-O", "qcow2", plain, at("vm.qcow2"));
    const blockdev = `driver=qcow2,node-name=d,file.driver=file,file.filename=${at("vm.qcow2")}`;
    const nbd = ["--nbd-server", `addr.type=unix,addr.path=${at("nbd")}`];
    const args = ["--blockdev", blockdev, ...nbd, "--export", "type=nbd,id=d,node-name=d,writable=on"];
    const vm = spawn("qemu-storage-daemon", [...args, "--pidfile", at("vm.pid")], { stdio: "ignore" });
    try {
      while (!existsSync(at("vm.pid"))) await sleep(20);
      await expect(inject(at("vm.qcow2"))).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringMatching(/in use by process \d+ \(qemu-storage/) as string,
      });
      // Where another user's processes cannot be seen, QEMU's locks are.
      const proc = at("proc");
      mkdirSync(proc);
      writeFileSync(join(proc, "locks"), readFileSync("/proc/locks"));
      expect(() => refuseImageInUse(at("vm.qcow2"), proc)).toThrow(/is locked, as a running VM's disk is/);
      await expect(withRawView(at("vm.qcow2"), () => "opened")).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringMatching(
          /is in use: shut its VM down, then inject \(Failed to get "write" lock\)/,
        ) as string,
      });
    } finally {
      vm.kill();
      await once(vm, "exit");
    }
  });
  it("refuses an image that somebody has open", async () => {
    const file = copy("open.raw");
    const child = spawn("sleep", ["60"], { stdio: [openSync(file, "r"), "ignore", "ignore"] });
    try {
      await once(child, "spawn");
      await expect(inject(file)).rejects.toMatchObject({ code: "conflict" });
    } finally {
      child.kill();
    }
  });
  it("refuses an image on a loop device", async () => {
    const sys = at("sys");
    mkdirSync(join(sys, "block/loop7/loop"), { recursive: true });
    writeFileSync(join(sys, "block/loop7/loop/backing_file"), `${plain}\n`);
    expect(() => refuseImageInUse(plain, "/proc", sys)).toThrow(/in use by \/dev\/loop7: shut it down or unmount it/);
  });
  it.skipIf(!MOUNT)("refuses an image that is mounted", async () => {
    const file = copy("mounted.raw");
    mkdirSync(at("mnt"));
    sh("mount", "-o", "loop", file, at("mnt"));
    try {
      await expect(inject(file)).rejects.toThrow(/in use by \/dev\/loop\d+/);
    } finally {
      sh("umount", at("mnt"));
    }
  });
  it.each([
    ["a journal to replay", 0x60, 4],
    ["never unmounted", 0x3a, 0],
  ])("refuses a file system with %s, and writes nothing", async (_, offset, value) => {
    const file = copy(`dirty-${offset}.raw`);
    const bytes = readFileSync(file);
    bytes[1024 + offset] = value === 0 ? 0 : (bytes[1024 + offset] ?? 0) | value;
    writeFileSync(file, bytes);
    await expect(inject(file)).rejects.toMatchObject({ code: "conflict" });
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });
  it("refuses what holds no system, and what is no image", async () => {
    writeFileSync(at("text"), "hello\n".repeat(1000));
    for (const file of [empty, at("text")])
      await expect(inject(file)).rejects.toMatchObject({
        code: "not-found",
        message: expect.stringMatching(/--root DIR/),
      });
    await expect(inject("/dev/null")).rejects.toMatchObject({ code: "usage" });
    await expect(inject(at("missing"))).rejects.toMatchObject({ code: "not-found" });
  });
  it("says so when the file system has no room", async () => {
    const file = copy("full.raw");
    writeFileSync(at("big"), Buffer.alloc(SIZE, 1));
    const blocks = /Free blocks: +(\d+)/.exec(ask(file, "stats -h"))?.[1];
    expect(Number(blocks)).toBeGreaterThan(0);
    spawnSync("debugfs", ["-w", "-R", `write ${at("big")} /big`, file], { env: withSbin() });
    await expect(inject(file)).rejects.toMatchObject({ code: "storage-failed" });
  });
});

function copyOf(from: string, name: string): string {
  cpSync(from, at(name));
  return at(name);
}

describe("where systemd would not credit", () => {
  it.each([
    [undefined, /no \/etc\/machine-id/],
    ["uninitialized\n", /says uninitialized/],
  ])("machine-id %j is remarked", (id, expected) => {
    expect(firstBootRemark(id)).toMatch(expected);
  });
  it.each([[""], ["\n"], ["0123456789abcdef0123456789abcdef\n"]])("machine-id %j is not", (id) => {
    expect(firstBootRemark(id)).toBeUndefined();
  });
  it("is looked up in the image", async () => {
    const root = makeTree("with-id");
    expect(openRoot(root).remark).toMatch(/no \/etc\/machine-id/);
    writeFileSync(join(root, "etc/machine-id"), "");
    expect(openRoot(root).remark).toBeUndefined();
    if (!E2FS) return;
    expect((await openDisk(makeExt4("with-id.raw", root), undefined)).remark).toBeUndefined();
    expect((await openDisk(makeExt4("without-id.raw", makeTree("without-id")), undefined)).remark).toMatch(/no \/etc/);
  });
});

describe("inject --root", () => {
  const attribute = (file: string): string =>
    sh("python3", "-I", "-c", "import os,sys; print(os.getxattr(sys.argv[1], sys.argv[2]).decode())", file, CREDITABLE);

  it("writes the marked seed and the drop-in, and leaves nothing else", () => {
    const root = makeTree("root");
    injectIntoRoot(openRoot(root), seed);
    const file = join(root, SEED_FILE);
    expect(new Uint8Array(readFileSync(file))).toEqual(seed);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(attribute(file)).toBe("1\n");
    expect(readFileSync(join(root, DROP_IN_FILE), "utf8")).toBe(DROP_IN);
    expect(sh("find", root, "-type", "f").trim().split("\n")).toHaveLength(2);
  });
  it("refuses the machine that it runs on, and a folder that is no image", () => {
    expect(() => openRoot("/")).toThrow(/this running machine|expected a folder/);
    mkdirSync(at("not-a-root"));
    expect(() => openRoot(at("not-a-root"))).toThrow(/expected a folder with var\/lib\/systemd/);
  });
  it("writes over a link in the drop-in's place, not through it", () => {
    const root = makeTree("drop-in");
    writeFileSync(at("of-this-machine"), "precious");
    mkdirSync(join(root, DROP_IN_FILE, ".."));
    symlinkSync(at("of-this-machine"), join(root, DROP_IN_FILE));
    injectIntoRoot(openRoot(root), seed);
    expect(readFileSync(at("of-this-machine"), "utf8")).toBe("precious");
    expect(lstatSync(join(root, DROP_IN_FILE)).isFile()).toBe(true);
    expect(readFileSync(join(root, DROP_IN_FILE), "utf8")).toBe(DROP_IN);
  });
  it("refuses a link that leads out of the image", () => {
    const root = at("linked");
    mkdirSync(join(root, "etc/systemd/system"), { recursive: true });
    symlinkSync(join(makeTree("elsewhere"), "var"), join(root, "var"));
    expect(() => openRoot(root)).toThrow(/leads out of the image/);
  });
});
