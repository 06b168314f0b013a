import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCloud, type Cloud } from "../lab/cloud.ts";
import { freePort } from "../free-port.ts";
import { startHost, type Host } from "../lab/host.ts";
import { makeOperatorKey } from "../lab/login.ts";
import { openStack, type DropletConfig, type Stack } from "../lab/stack.ts";
import type { Parts } from "../setup/set-up.ts";
import type { DemoResult } from "./result.ts";

/** Everything that the acts play with: host service, cloud, stack, an operator's key, one temporary folder. */
export interface Demo {
  readonly result: DemoResult;
  readonly dir: string;
  readonly host: Host;
  readonly cloud: Cloud;
  readonly stack: Stack;
  readonly operatorKey: string;
  readonly sshPort: number;
  droplet(name: string): DropletConfig;
}

/**
 * Puts up the stage, and takes it down whatever happens: droplets, stack, processes and folder.
 *
 * @throws {Error} what the play throws, or when something of it is still there afterwards
 */
export async function withStage(
  parts: Parts,
  result: DemoResult,
  source: "hwrng" | "system",
  play: (demo: Demo) => Promise<void>,
): Promise<void> {
  const undo: (() => unknown)[] = [];
  const dir = mkdtempSync(join(tmpdir(), "bootseed-demo-"));
  const interrupted = interruption();
  try {
    chmodSync(dir, 0o700);
    undo.push(() => rmSync(dir, { recursive: true, force: true }));
    const operatorKey = join(dir, "operator");
    const publicKey = await makeOperatorKey(operatorKey);
    const host = await startHost(join(dir, "host"), source, await freePort());
    undo.push(() => host.stop());
    mkdirSync(join(dir, "cloud"));
    const cloud = await startCloud(parts.images, join(dir, "cloud"));
    undo.push(() => cloud.stop());
    const stackDir = join(dir, "pulumi");
    const { sshPort } = cloud;
    const stack = await openStack(parts.engine, stackDir, `demo-${process.pid}`, cloud.api, host.mint, sshPort);
    undo.push(() => stack.pulumi(["destroy", "--yes", "--skip-preview"]));
    const userData = `#cloud-config\nssh_authorized_keys:\n  - ${publicKey}\n`;
    const droplet = (name: string): DropletConfig => ({
      name,
      image: "debian-12-x64",
      size: "s-1vcpu-1gb",
      region: "ams3",
      userData,
    });
    await Promise.race([interrupted, play({ result, dir, host, cloud, stack, operatorKey, sshPort, droplet })]);
  } finally {
    for (const step of undo.toReversed())
      await Promise.resolve(step()).catch((error: unknown) => process.stderr.write(`clean-up: ${String(error)}\n`));
  }
  const left = leftovers(dir);
  if (left.length > 0) throw new Error(`expected nothing to be left of the demo, got ${left.join(", ")}`);
}

/** Rejects at Ctrl-C or SIGTERM, so that what was put up is taken down first. */
function interruption(): Promise<never> {
  const promise = new Promise<never>((_, reject) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const)
      process.once(signal, () => reject(new Error(`${signal}: taking everything down`)));
  });
  promise.catch(() => undefined); // it may come when nobody waits any more
  return promise;
}

/** The folder, and processes that name it. */
function leftovers(dir: string): string[] {
  const processes = readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(dir);
    } catch {
      return false; // it has just ended
    }
  });
  return [...processes.map((pid) => `process ${pid}`), ...(existsSync(dir) ? [dir] : [])];
}
