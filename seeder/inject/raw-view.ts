/** A qcow2 image as a raw file: exported by QEMU's own storage daemon through FUSE. No mount, no network block device. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BootseedError } from "@bootseed/protocol";
import { damaged, damageIn } from "./damage.ts";
import { missing, QEMU_STORAGE_DAEMON, withSbin } from "./run.ts";

const READY_MS = 10_000;
const ASK_AGAIN_MS = 20;

/**
 * QEMU takes its image lock for as long as `use` runs: the disk of a running VM is refused, and no VM starts on it.
 *
 * @param use with the path of the raw view
 * @throws BadInput (damaged), BootseedError "conflict" (in use), "io" (no QEMU, no FUSE, no right), and what `use` throws
 */
export async function withRawView<T>(qcow2: string, use: (path: string) => T | Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-inject-"));
  const [view, pidFile] = [join(dir, "raw"), join(dir, "pid")];
  writeFileSync(view, "");
  // JSON, as in QEMU's option lists a comma in a file's name would begin another option.
  const file = { driver: "file", filename: qcow2, "node-name": "file" };
  const args = ["--blockdev", JSON.stringify(file)];
  args.push("--blockdev", JSON.stringify({ driver: "qcow2", file: "file", "node-name": "image" }));
  args.push(
    "--export",
    JSON.stringify({ type: "fuse", id: "raw", "node-name": "image", mountpoint: view, writable: true }),
  );
  const daemon = spawn(QEMU_STORAGE_DAEMON.name, [...args, "--pidfile", pidFile], {
    stdio: ["ignore", "ignore", "pipe"],
    env: withSbin(),
  });
  let said = "";
  daemon.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const failed = once(daemon, "error").then(([cause]) => {
    throw (cause as NodeJS.ErrnoException).code === "ENOENT" ? missing(QEMU_STORAGE_DAEMON) : (cause as Error);
  });
  const ended = once(daemon, "close").then(() => {
    throw refused(qcow2, said);
  });
  for (const promise of [failed, ended]) promise.catch(() => undefined);
  const end = async (): Promise<void> => {
    // Ends the export: QEMU writes what it still holds, then unmounts.
    if (daemon.kill("SIGTERM")) await ended.catch(() => undefined);
    rmSync(dir, { recursive: true, force: true });
    // QEMU finds damage as it reads: then what `use` saw or wrote is nothing to go by.
    const damage = damageIn(said);
    if (damage !== undefined) throw damaged(qcow2, damage);
  };
  try {
    await Promise.race([failed, ended, untilThere(pidFile, qcow2)]);
    return await use(view);
  } finally {
    await end();
  }
}

async function untilThere(file: string, shown: string): Promise<void> {
  for (let waited = 0; waited < READY_MS; waited += ASK_AGAIN_MS) {
    if (existsSync(file)) return;
    await sleep(ASK_AGAIN_MS);
  }
  throw new BootseedError("io", `qemu-storage-daemon did not open ${shown} in ${READY_MS / 1000} s: try again`);
}

/** `OPTION: reason`; the option is what stands in our argv, with the file's name in it. */
const REFUSAL = /^qemu-storage-daemon: (--\w+ \{.*\}): (.+)$/m;
const IN_USE = /^Failed to get .*lock|another process using the image/;

function refused(file: string, said: string): BootseedError {
  const [, option = "", why = said.trim()] = REFUSAL.exec(said) ?? [];
  if (IN_USE.test(why))
    return new BootseedError("conflict", `${file} is in use: shut its VM down, then inject (${why})`);
  // The file itself could be opened: what is wrong is in it, unless it is another file, or a key that it needs.
  const elsewhere = /Permission denied|encrypt\./.test(why);
  if (!elsewhere && option.startsWith(`--blockdev {"driver":"qcow2"`)) return damaged(file, why);
  return new BootseedError("io", `qemu-storage-daemon cannot open ${file}: ${why || "it says nothing"}`);
}
