import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { dieWithParent } from "./die-with-parent.ts";
import { agentAnswers, agentSocket } from "./guest-agent.ts";
import { JsonSocket } from "./json-socket.ts";
import type { Launcher, Machine, MachineSpec } from "./machine.ts";
import { serveMetadata } from "./metadata-server.ts";
import { machineFiles, qemuArguments, type Hardware } from "./qemu-arguments.ts";

const QMP_MS = 5_000;
const QUIT_MS = 3_000;
const AGENT_MS = 2_000;
/** sun_path holds 108 bytes with the closing zero */
const SOCKET_PATH_MAX = 107;

/** Starts droplets as QEMU processes. */
export function qemuLauncher(hardware: Hardware): Launcher {
  return async (spec) => launch(spec, hardware);
}

/**
 * Starts QEMU. It dies with this process, even on kill -9, and every way in which it can hang is a reason to end it.
 *
 * @throws Error when the disk cannot be made, a socket's path is too long, or QEMU does not start; nothing is left running
 */
async function launch(spec: MachineSpec, hardware: Hardware): Promise<Machine> {
  const files = machineFiles(spec.dir);
  for (const path of [files.qmp, files.metadata, agentSocket(spec.dir)]) {
    if (Buffer.byteLength(path) > SOCKET_PATH_MAX)
      throw new Error(`${path} is too long for a Unix socket: choose a --dir with a shorter path`);
    rmSync(path, { force: true });
  }
  if (!existsSync(files.disk)) await makeDisk(join(spec.image, "base.qcow2"), files.disk);
  const metadata = await serveMetadata(files.metadata, spec.metadata);
  const [command, args] = dieWithParent("qemu-system-x86_64", qemuArguments(spec, hardware));
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let paused = false;
  const ended = endOf(child, () => paused);
  void ended.then(() => metadata.close());
  try {
    const qmp = await openQmp(files.qmp, ended, () => {
      paused = true; // a KVM internal error leaves QEMU stopped for ever
      child.kill("SIGKILL");
    });
    return machine(child, spec, qmp, ended);
  } catch (cause) {
    child.kill("SIGKILL");
    throw new Error(`QEMU did not start: ${await ended}`, { cause });
  }
}

function machine(child: ChildProcess, spec: MachineSpec, qmp: JsonSocket, ended: Promise<string>): Machine {
  return {
    pid: child.pid ?? 0,
    ended,
    booted: firstAnswer(spec.dir, child),
    reset: async () => void (await qmp.call({ execute: "system_reset" }, QMP_MS)),
    shutDown: async () => void (await qmp.call({ execute: "system_powerdown" }, QMP_MS)),
    stop: async () => {
      await qmp.call({ execute: "quit" }, QUIT_MS).catch(() => undefined); // writes the disk's tables
      await Promise.race([ended, sleep(QUIT_MS, undefined, { ref: false })]);
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Resolves when the guest agent answers; never, if the process ends before: the caller watches that. */
async function firstAnswer(dir: string, child: ChildProcess): Promise<void> {
  while (!(await agentAnswers(dir, AGENT_MS))) {
    if (child.exitCode !== null || child.signalCode !== null) await new Promise<never>(() => undefined);
    await sleep(300);
  }
}

async function makeDisk(base: string, disk: string): Promise<void> {
  try {
    await promisify(execFile)("qemu-img", ["create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", disk]);
  } catch (cause) {
    const missing = (cause as { code?: unknown }).code === "ENOENT";
    throw new Error(
      missing ? "qemu-img is not installed: install qemu-utils" : `qemu-img could not make the disk: ${String(cause)}`,
      { cause },
    );
  }
}

/** Resolves with why the process ended, in words. */
async function endOf(child: ChildProcess, paused: () => boolean): Promise<string> {
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2000)));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`${error.message}: install qemu-system-x86 and util-linux`));
    child.once("close", (code, signal) => {
      const words = stderr.trim() === "" ? "" : `: ${stderr.trim()}`;
      if (paused()) resolve(`QEMU stopped by itself, which is how it shows an internal error of KVM${words}`);
      else resolve(code === 0 ? "the guest powered off" : `QEMU ended with ${code ?? signal}${words}`);
    });
  });
}

/** Connects to QEMU's monitor as soon as it is there. @throws Error when QEMU ends before */
async function openQmp(path: string, ended: Promise<string>, onStop: () => void): Promise<JsonSocket> {
  let over = false;
  void ended.then(() => (over = true));
  for (const until = Date.now() + QMP_MS; ; await sleep(20)) {
    if (over || Date.now() > until) throw new Error("its monitor cannot be reached");
    const qmp = await JsonSocket.connect(
      path,
      (message) => "return" in message || "error" in message,
      (message) => {
        if (message["event"] === "STOP") onStop();
      },
    ).catch(() => undefined);
    if (qmp === undefined) continue;
    await qmp.call({ execute: "qmp_capabilities" }, QMP_MS);
    return qmp;
  }
}
