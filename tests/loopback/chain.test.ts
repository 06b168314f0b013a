import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { prerequisite } from "../prerequisite.ts";
import { GuestProcess } from "./guest-process.ts";
import { HostProcess, type MintedSeed } from "./host-process.ts";
import { LossyProxy } from "./lossy-proxy.ts";

const PYTHON = ["/usr/bin/python3", ["-I", "-c", "import cryptography"]] as const;
const READY = prerequisite(
  spawnSync(...PYTHON).status === 0 && spawnSync("/usr/bin/ssh-keygen", ["-?"]).error === undefined,
  "expected Debian's python3-cryptography and openssh-client: apt-get install them",
);
/** Only root may mix with credit and force a reseed; as anybody else the kernel says EPERM, and the chain goes on. */
const RC = process.getuid?.() === 0 ? 0 : 1;

type Pair = { host: HostProcess; guest: GuestProcess; seed: MintedSeed };

/** A running host, and a VM that has just booted with a seed of it. */
async function pair(stack: AsyncDisposableStack, advertised?: number): Promise<Pair> {
  const host = stack.use(await HostProcess.make(undefined, advertised));
  await host.start();
  const seed = await host.mint("web-7");
  return { host, seed, guest: stack.use(new GuestProcess("4711", seed.file)) };
}

describe.skipIf(!READY)("host and kit, two processes", () => {
  it("go from seed to receipt, across a killed host", { timeout: 120_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest, seed } = await pair(stack);

    // The cloud has not told the program the id yet: the claim waits.
    expect(await guest.kit("hook")).toMatchObject({ code: 0, output: expect.stringContaining("/v1/claims 202") });
    expect(guest.exists("/run/bootseed/seed")).toBe(false);
    expect(await host.vms()).toMatchObject([{ seedId: seed.seedId, state: "provisional", sourceClass: "chained" }]);
    await host.created(seed, guest.instanceId);
    expect((await guest.kit("claim")).output).toContain("/v1/claims 200");
    expect(guest.state("certificate")?.length).toBe(165);
    expect([guest.state("claim"), guest.state("psk")?.length]).toEqual([null, 32]);

    const hostKeys = await guest.makeHostKeys();
    expect(hostKeys.length).toBeGreaterThanOrEqual(3);
    expect(await guest.kit("report")).toMatchObject({ code: 0, output: expect.stringContaining("/v1/reports 204") });
    const evidence = { rcMix: RC, rcReseed: RC, hostKeysBefore: 0 };
    const report = { instanceId: "4711", hostKeys, verdict: RC === 0 ? "reseeded" : "unproven", evidence };
    expect(await host.vms()).toMatchObject([{ state: "reported", hostKeysChanged: false, report, topUps: 0 }]);

    expect(await guest.kit("topup now")).toMatchObject({ code: 0 });
    const [vm] = await host.vms();
    expect(vm).toMatchObject({ topUps: 1, lastTopUp: { counter: 1, rcMix: RC, rcReseed: RC } });
    expect(vm?.lastTopUp?.receiptAt).toBeGreaterThanOrEqual(vm?.committedAt ?? Infinity);

    await host.stop("SIGKILL");
    expect((await guest.kit("topup now")).code).toBe(1);
    await host.start();
    expect((await guest.kit("topup now")).code).toBe(0);
    expect(await host.vms()).toMatchObject([{ state: "reported", report, topUps: 2, lastTopUp: { counter: 2 } }]);
    expect(guest.state("counter")?.readBigUInt64BE()).toBe(2n);

    // The third within three hours is over the quota: refused, and nothing else happens.
    expect(await guest.kit("topup now")).toMatchObject({ code: 1, output: expect.stringContaining("/v1/packets 403") });
    expect(await host.vms()).toMatchObject([{ topUps: 2 }]);
  });

  it("agree on one enrolment although the answer was lost and the VM rebooted", { timeout: 60_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    let port = 0;
    const proxy = stack.use(await LossyProxy.start(() => port));
    const { host, guest, seed } = await pair(stack, proxy.port);
    port = host.port;
    await host.created(seed, guest.instanceId);
    proxy.loseAnswers = true;
    expect((await guest.kit("hook")).code).toBe(0);
    expect(await host.vms()).toMatchObject([{ state: "claimed" }]);
    expect(guest.state("certificate")).toBeNull();
    proxy.loseAnswers = false;
    guest.reboot();
    expect((await guest.kit("claim")).output).toContain("/v1/claims 200");
    expect(guest.state("certificate")?.length).toBe(165);
    expect((await guest.kit("topup now")).code).toBe(0);
    expect(await host.vms()).toMatchObject([{ topUps: 1, lastTopUp: { rcMix: RC } }]);
  });

  it("let a second machine with the same seed have nothing", { timeout: 60_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest, seed } = await pair(stack);
    await host.created(seed, guest.instanceId);
    const thief = stack.use(new GuestProcess("4712", seed.file));
    expect((await thief.kit("hook")).output).toContain("/v1/claims 202");
    expect((await guest.kit("hook")).output).toContain("/v1/claims 200");
    expect((await thief.kit("claim")).output).toContain("/v1/claims 409");
    expect([thief.state("certificate"), thief.state("psk")]).toEqual([null, null]);
    expect(host.log).toMatch(/claim needs an operator/);
  });

  it("say nothing but hostId and serial when the certificate is not the pinned one", { timeout: 60_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest, seed } = await pair(stack);
    await host.created(seed, guest.instanceId);
    await host.stop();
    const impostor = stack.use(await HostProcess.make(host.port));
    await impostor.start();
    expect(await guest.kit("hook")).toMatchObject({ code: 0, output: expect.stringMatching(/\('pin'\)/) });
    expect(guest.state("certificate")).toBeNull();
    // It may be the host itself under a later certificate: hostId and serial are all that it is told.
    expect(new Set(impostor.log.match(/"kind":"\w+"/g))).toEqual(new Set([`"kind":"statements"`]));
    await impostor.stop();
    await host.start();
    expect((await guest.kit("claim")).output).toContain("/v1/claims 200");
  });

  it("find each other when the host comes up after the VM", { timeout: 60_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest, seed } = await pair(stack);
    await host.created(seed, guest.instanceId);
    await host.stop();
    expect((await guest.kit("hook")).code).toBe(0);
    expect(guest.exists("/run/bootseed/verdict")).toBe(true);
    expect((await guest.kit("claim")).code).toBe(1);
    await host.start();
    expect((await guest.kit("claim")).code).toBe(0);
    expect(await host.vms()).toMatchObject([{ state: "claimed", instanceId: "4711" }]);
  });

  it("heal by themselves when the host lost its database", { timeout: 60_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const { host, guest, seed } = await pair(stack);
    await host.created(seed, guest.instanceId);
    await guest.kit("hook");
    await guest.kit("topup now");
    await host.stop();
    host.loseDatabase();
    await host.start();
    expect(await host.vms()).toEqual([]);
    expect((await guest.kit("topup now")).code).toBe(0);
    expect(await host.vms()).toMatchObject([{ seedId: seed.seedId, topUps: 1, lastTopUp: { counter: 2 } }]);
    expect(host.log).toMatch(/taken back by its certificate/);
  });
});
