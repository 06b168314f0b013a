/** Files that are whole or old, on real file systems: one that is full, one that is read-only, another owner, the lock. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Bench } from "../../hwrng-host/testing/bench.ts";
import { prerequisite } from "../../tests/prerequisite.ts";
import { realDisk } from "./disk.ts";
import { takeLock } from "./lock.ts";
import { enrolledMachine, type TestMachine } from "./testing/machine.ts";
import { topUpAll } from "./topup.ts";

const ROOT = prerequisite(process.getuid?.() === 0, "expected root: a test mounts its own file systems");

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "bootseed-disk-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Moves the machine's state onto a file system of its own; disposed of before the machine. */
function onTmpfs(vm: TestMachine, options: string): Disposable & { remount(options: string): void } {
  const state = join(vm.root, vm.stateDir);
  const copy = folder();
  const ran = (command: string, ...words: string[]): void => {
    const { status, stderr } = spawnSync(command, words, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
  };
  ran("cp", "-a", `${state}/.`, copy);
  ran("mount", "-t", "tmpfs", "-o", options, "bootseed-test", state);
  ran("cp", "-a", `${copy}/.`, state);
  return {
    remount: (changed) => ran("mount", "-o", `remount,${changed}`, state),
    [Symbol.dispose]: () => ran("umount", state),
  };
}

describe("replace", () => {
  it("leaves the old file when there is no room for the new one", () => {
    const disk = realDisk(folder());
    disk.replace("/counter", Uint8Array.of(1));
    expect(() => disk.replace("/nowhere/counter", Uint8Array.of(2))).toThrow(
      expect.objectContaining({ code: "ENOENT" }),
    );
    expect(disk.read("/counter")).toEqual(Uint8Array.of(1));
    expect(disk.list("/")).toEqual(["counter"]);
  });

  it("writes 0600, and gives the file to whom the folder belongs", () => {
    const root = folder();
    if (ROOT) chownSync(root, 65_534, 65_534);
    realDisk(root).replace("/psk", new Uint8Array(32));
    const { mode, uid } = statSync(join(root, "psk"));
    expect({ mode: mode & 0o777, uid }).toEqual({ mode: 0o600, uid: ROOT ? 65_534 : process.getuid?.() });
  });

  it("takes the place of a half-written file of a run that was killed", () => {
    const root = folder();
    writeFileSync(join(root, "tmp"), "half", { mode: 0o644 });
    realDisk(root).replace("/counter", Uint8Array.of(1));
    expect(existsSync(join(root, "tmp"))).toBe(false);
    expect(statSync(join(root, "counter")).mode & 0o777).toBe(0o600);
  });
});

describe("wipe", () => {
  it("overwrites before it removes, and is content when there is nothing", () => {
    const root = folder();
    writeFileSync(join(root, "secret"), "secret");
    const open = openSync(join(root, "secret"), "r");
    onTestFinished(() => closeSync(open));
    realDisk(root).wipe("/secret");
    realDisk(root).wipe("/secret");
    expect(existsSync(join(root, "secret"))).toBe(false);
    // The blocks of the file, which who had it open still sees.
    expect(readFileSync(open)).toEqual(Buffer.alloc(6));
  });
});

describe.skipIf(!ROOT)("a disk that does not take the counter", () => {
  it.each([
    ["full", "size=64k", "ENOSPC"],
    ["read-only", "size=1m", "EROFS"],
  ])("%s: nothing is mixed, nothing acknowledged; afterwards all goes on", async (kind, options, code) => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    using disk = onTmpfs(vm, options);
    const ballast = join(vm.root, vm.stateDir, "ballast");
    if (kind === "full") spawnSync("dd", ["if=/dev/zero", `of=${ballast}`]);
    else disk.remount("ro");
    expect(await topUpAll(vm.world, vm.stateDir, true)).toMatchObject([{ outcome: "failed", code }]);
    expect(vm.mixed).toEqual([]);
    expect(vm.requested).not.toContain("/v1/receipts");
    expect(existsSync(vm.at("counter"))).toBe(false);
    if (kind === "full") rmSync(ballast);
    else disk.remount("rw");
    expect(await topUpAll(vm.world, vm.stateDir, true)).toMatchObject([{ outcome: "delivered" }]);
    expect(vm.mixed).toHaveLength(1);
  });
});

describe("takeLock", () => {
  it("keeps another program out, and the kernel lets go when its owner dies", async () => {
    const root = folder();
    const holder = spawn("flock", [join(root, "lock"), "sh", "-c", "echo held; exec sleep 60"], {
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    onTestFinished(() => void holder.kill());
    await once(holder.stdout, "data");
    expect(() => takeLock(root, 0)).toThrow(expect.objectContaining({ code: "unavailable" }));
    const gone = once(holder, "exit");
    // The group: flock and what it runs both have the file open.
    process.kill(-(holder.pid ?? 0), "SIGKILL");
    await gone;
    const unlock = takeLock(root, 10);
    expect(spawnSync("flock", ["-n", join(root, "lock"), "true"]).status).toBe(1);
    unlock();
    expect(spawnSync("flock", ["-n", join(root, "lock"), "true"]).status).toBe(0);
  });

  it("makes the folder, for its owner alone", () => {
    const state = join(folder(), "var/lib/bootseed");
    takeLock(state, 0)();
    expect(statSync(state).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(state, "lock"))).toHaveLength(0);
  });
});
