import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { prerequisite } from "../tests/prerequisite.ts";
import { RECORDED_CREATE, type Json } from "./testing/fake-cloud.ts";
import { hollowImages, killingPath, type KillAt } from "./testing/killing-path.ts";

const PROGRAMS = ["/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-img", "/usr/bin/setpriv"];
const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const there = prerequisite(
  PROGRAMS.every((file) => existsSync(file)),
  `expected ${PROGRAMS.join(", ")}: install qemu-system-x86, qemu-utils, util-linux`,
);

let base: string, images: string, bin: string;
/** The service under test; `ended` gives the signal that ended it. */
interface Service {
  readonly pid: number;
  readonly ended: Promise<string | null>;
  kill(signal: "SIGKILL" | "SIGTERM"): void;
}
const services: Service[] = [];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "lc-kill-"));
  images = hollowImages(base);
  bin = killingPath(base);
});
afterEach(async () => {
  for (const service of services.splice(0)) {
    service.kill("SIGKILL");
    await service.ended;
  }
  for (const { pid } of leftOver()) process.kill(pid, "SIGKILL"); // a failure here must not cost the machine its memory
  rmSync(base, { recursive: true, force: true });
});

/** Processes whose arguments name the run folder, other than the service: VMs, their helpers, and whoever is about to become one. */
function leftOver(): { readonly pid: number; readonly line: string }[] {
  const own = new Set(services.map(({ pid }) => pid));
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || own.has(pid)) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      return line.includes(`${base}/run/`) ? [{ pid, line }] : [];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

async function serve(killAt: KillAt): Promise<{ readonly service: Service; readonly api: string }> {
  const env = { ...process.env, KILL_AT: killAt, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` };
  const options = ["--images", images, "--dir", join(base, "run"), "--ssh-port", "0", "--cpus", "1", "--memory", "64"];
  const child = spawn(process.execPath, [MAIN, "serve", ...options], { env, stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit").then(([, signal]) => signal as string | null);
  const service = { pid: child.pid ?? 0, ended, kill: (signal: "SIGKILL" | "SIGTERM") => void child.kill(signal) };
  services.push(service);
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { service, api: (JSON.parse(line) as { api: string }).api };
}
async function call(api: string, method: string, path: string, body?: unknown): Promise<Json> {
  const init = { method, headers: { authorization: "Bearer x" } };
  const response = await fetch(api + path, body === undefined ? init : { ...init, body: JSON.stringify(body) });
  return response.json().catch(() => null);
}
const create = async (api: string): Promise<Json> => call(api, "POST", "/v2/droplets", RECORDED_CREATE);
const started = async (api: string): Promise<number> =>
  vi.waitFor(async () => {
    const { droplets } = await call(api, "GET", "/v2/droplets");
    expect(droplets[0].status).toBe("active");
    return droplets[0].id as number;
  }, 15_000);

/** No VM is left, and the next cloud in the folder begins with nothing. */
async function nothingIsLeft(): Promise<void> {
  await vi.waitFor(() => expect(leftOver()).toEqual([]), 15_000);
  expect(readdirSync(join(base, "run", "droplets"))).not.toEqual([]);
  const { api, service } = await serve("never");
  expect(existsSync(join(base, "run", "droplets"))).toBe(false);
  await create(api);
  await started(api);
  expect(leftOver().map(({ line }) => line)).toEqual([expect.stringContaining("qemu-system-x86_64 -S")]);
  service.kill("SIGTERM");
  await service.ended;
  expect([leftOver(), readdirSync(join(base, "run"))]).toEqual([[], []]);
}

describe.skipIf(!there)("kill -9 of the service leaves no VM", { concurrent: false }, () => {
  it.each(["before the disk", "after the disk", "before pdeathsig", "before QEMU"] as const)("%s", async (step) => {
    const { service, api } = await serve(step);
    await create(api).catch(() => undefined); // it may die before it has answered
    expect(await service.ended).toBe("SIGKILL");
    await nothingIsLeft();
  });

  it("as soon as it has answered the POST", async () => {
    const { service, api } = await serve("never");
    await create(api);
    service.kill("SIGKILL");
    await service.ended;
    await nothingIsLeft();
  });

  it("as soon as QEMU is there", async () => {
    const { service, api } = await serve("never");
    await create(api);
    await vi.waitFor(() => expect(leftOver().some(({ line }) => line.includes("qemu-system-x86_64 -S"))).toBe(true), {
      timeout: 15_000,
      interval: 1,
    });
    service.kill("SIGKILL");
    await service.ended;
    await nothingIsLeft();
  });

  it("while one boots and another waits for its turn", async () => {
    const { service, api } = await serve("never");
    await create(api);
    await create(api);
    await started(api);
    service.kill("SIGKILL");
    await service.ended;
    await nothingIsLeft();
  });

  it("while one is deleted", async () => {
    const { service, api } = await serve("never");
    await create(api);
    const gone = call(api, "DELETE", `/v2/droplets/${await started(api)}`).catch(() => undefined);
    service.kill("SIGKILL");
    await Promise.all([service.ended, gone]);
    await nothingIsLeft();
  });
});
