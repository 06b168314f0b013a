/** Where the outputs come from: the report on the real host, as soon as it is there; and what asks nobody. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { GuestProcess } from "../loopback/guest-process.ts";
import { HostProcess } from "../loopback/host-process.ts";
import { KIT_PYTHON } from "../loopback/kit-python.ts";
import { prerequisite } from "../prerequisite.ts";
import { MintTap } from "../testing/mint-tap.ts";
import { mayTrace, TracedEngine } from "../testing/traced-engine.ts";
import { engineBin } from "./engine.ts";
import { KitVms, seedIn } from "./kit-vms.ts";
import type { TinyDroplet } from "./tiny-api.ts";
import { Workbench } from "./workbench.ts";

const present =
  KIT_PYTHON && prerequisite(await mayTrace(), "expected strace that may trace: apt-get install strace, allow ptrace");

const dir = mkdtempSync(join(tmpdir(), "bootseed-outputs-"));
let host: HostProcess;
let tap: MintTap;
let bench: Workbench;
let engine: TracedEngine;
const machines = new KitVms();
const byHand: GuestProcess[] = [];

const keys = async (): Promise<string> => String(await bench.output("knownHosts"));
const configure = (names: string[], reportTimeoutSeconds = 180): Promise<void> =>
  bench.configure(
    tap.url,
    names.map((name) => ({ name })),
    { reportTimeoutSeconds: String(reportTimeoutSeconds) },
  );

/** A VM whose boot the test makes step by step. */
function machine(droplet: TinyDroplet): GuestProcess {
  const guest = new GuestProcess(String(droplet.id), seedIn(droplet.userData));
  byHand.push(guest);
  return guest;
}

beforeAll(async () => {
  if (!present) return;
  engine = new TracedEngine(await engineBin(), dir);
  host = await HostProcess.make();
  await host.start();
  tap = await MintTap.listen(join(dir, "tap.sock"), host.mintSocket);
  bench = await Workbench.open(undefined, engine.bin);
  bench.api.onCreate = machines.boot;
  await configure(["web"]);
});
afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  for (const guest of byHand) guest[Symbol.dispose]();
  await tap?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await bench?.close();
  rmSync(dir, { recursive: true, force: true });
});

it.skipIf(!present)("up shows how far the VM is, and ends at the first answer that has the report", async () => {
  expect(await bench.mustUp()).toMatch(
    /Droplet web created .* waiting for its report: (committed|provisional|claimed) at host unix:\S+, \d+ of 180 s/,
  );
  const reports = tap.created.map((vms) => vms.map(({ report }) => report !== null));
  expect(reports.length).toBeGreaterThan(1);
  expect(reports.at(-1)).toEqual([true]);
  expect(reports.slice(0, -1).flat()).not.toContain(true);
});

/** Its engine has ports of loopback, any; and the C library asks the system for the user's name. */
const OURS = /^((127\.0\.0\.1|\[::1\]|\[::ffff:127\.0\.0\.1\]):\d+|unix:\/(var\/)?run\/nscd\/socket)$/;
const outside = (connections: string[]): string[] => connections.filter((one) => !OURS.test(one));
const toApi = (connections: string[]): string[] =>
  connections.filter((one) => one.endsWith(new URL(bench.api.url).port));

it.skipIf(!present)("preview, and a look at the outputs: no connection to host, cloud or network", async () => {
  const before = await keys();
  for (const command of [["preview"], ["preview", "--expect-no-changes"], ["stack", "output", "knownHosts"]]) {
    const made = await engine.connectionsOf(() => bench.must(...command));
    expect([outside(made), toApi(made)]).toEqual([[], []]);
  }
  await configure(["web", "new"]);
  const made = await engine.connectionsOf(() => bench.must("preview"));
  expect([outside(made), toApi(made)]).toEqual([[], []]);
  await configure(["web"]);
  expect(await keys()).toBe(before);
});

it.skipIf(!present)("a no-op asks the host twice and nobody else, and does without it", async () => {
  const before = await keys();
  const there = await engine.connectionsOf(() => bench.mustUp("--expect-no-changes"));
  expect(outside(there)).toEqual([tap.url.replace("unix://", "unix:"), tap.url.replace("unix://", "unix:")]);
  expect(toApi(there)).toEqual([]);
  await tap.away(async () => {
    const away = await engine.connectionsOf(() => bench.mustUp("--expect-no-changes"));
    expect(new Set(outside(away))).toEqual(new Set([tap.url.replace("unix://", "unix:")]));
    expect(toApi(away)).toEqual([]);
    expect(await keys()).toBe(before);
  });
});

it.skipIf(!present)(
  "a VM that stops on its way: up ends with its last known step, and the next one goes on from there",
  async () => {
    await configure(["web", "slow"], 3);
    let made: TinyDroplet | undefined;
    bench.api.onCreate = (droplet) => (made = droplet);
    const never = await bench.up();
    expect(never.ok).toBe(false);
    expect(never.output).toMatch(
      /its host-key report did not come \(slow: committed at host unix:\S+\): run pulumi up again/,
    );
    if (made === undefined) throw new Error("no droplet was made");
    const guest = machine(made);
    await guest.kit("hook");
    // The hook ends its claim after 5 s, on a busy machine too early; then its unit asks again.
    for (let tries = 0; tries < 20 && guest.state("certificate") === null; tries++) await guest.kit("claim");
    const claimed = await bench.up();
    expect(claimed.ok).toBe(false);
    expect(claimed.output).toMatch(
      /its host-key report did not come \(slow: claimed at host unix:\S+\): run pulumi up again/,
    );
    const [hostKey = ""] = await guest.makeHostKeys();
    await guest.kit("report");
    await bench.mustUp();
    expect(await keys()).toContain(`${made.address} ${hostKey}\n`);
    expect(bench.api.posted).toHaveLength(2);
  },
);

it.skipIf(!present)("host lost right after create: the droplet stays, boots later, and the next up heals", async () => {
  await configure(["web", "slow", "lost"], 3);
  let made: TinyDroplet | undefined;
  bench.api.onCreate = (droplet) => {
    made = droplet;
    void host.stop("SIGKILL");
  };
  // Without the flag the engine ends at the first report that is missing: who asked last need not be this droplet.
  const { ok, output } = await bench.up("--continue-on-error");
  expect(ok).toBe(false);
  expect(output).toMatch(/the droplet exists, but its host-key report did not come \(lost: .*\): run pulumi up again/);
  await host.start();
  if (made === undefined) throw new Error("no droplet was made");
  machines.boot(made);
  await configure(["web", "slow", "lost"]);
  await bench.mustUp();
  expect(await keys()).toContain(`${made.address} ssh-`);
  expect(bench.api.posted).toHaveLength(3);
  await bench.mustUp("--expect-no-changes");
});
