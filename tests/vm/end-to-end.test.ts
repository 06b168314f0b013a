import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startCloud, type Cloud } from "../../tools/lab/cloud.ts";
import { freePort } from "../../tools/free-port.ts";
import { startHost, type Host } from "../../tools/lab/host.ts";
import { logIn, makeOperatorKey, type Login } from "../../tools/lab/login.ts";
import { openStack, type DropletConfig, type Stack } from "../../tools/lab/stack.ts";
import { listVms, vmNamed, type Vm } from "../../tools/lab/vms.ts";
import { partsOfRun, say } from "../../tools/setup/set-up.ts";
import { DEPENDENT_UNIT, FAILED_DEPENDENCIES, UNTIL_STARTED } from "./dependent-unit.ts";
import { reboot } from "./reboot.ts";
import { seedCopies } from "./seed-copies.ts";
import { withEvidence } from "./with-evidence.ts";

/** The whole chain on real parts: host service, Pulumi engine, a stock VM. Steps build on each other, so the first red one ends it. */
describe("pulumi up to a VM whose host keys are known and depend on its seed", { concurrent: false }, () => {
  let dir: string, host: Host, cloud: Cloud, stack: Stack, userData: string, operatorKey: string;
  let sshPort: number;
  let started: Date;
  const droplet = (name: string): DropletConfig => ({
    name,
    image: "debian-12-x64",
    size: "s-1vcpu-1gb",
    region: "ams3",
    userData,
  });
  const up = (): Promise<string> => withEvidence(cloud, () => stack.pulumi(["up", "--yes", "--skip-preview"]));
  const login = async (vm: Vm): Promise<Login> => {
    const knownHosts = join(dir, "known_hosts");
    writeFileSync(knownHosts, `${String(await stack.output("knownHosts"))}\n`);
    return { address: String(vm.addresses[0]), port: sshPort, user: "debian", key: operatorKey, knownHosts };
  };
  const id = (vm: Vm): string => String(vm.instanceId);
  /** What the hook left for the next boot: 512 bytes of the reseeded kernel. */
  const draw = (): Promise<string> =>
    cloud.exec(id(first), "wc -c < /var/lib/systemd/random-seed; sha256sum < /var/lib/systemd/random-seed");

  beforeAll(async () => {
    const parts = await partsOfRun();
    dir = mkdtempSync(join(tmpdir(), "bootseed-e2e-"));
    operatorKey = join(dir, "operator");
    userData = `#cloud-config\nssh_authorized_keys:\n  - ${await makeOperatorKey(operatorKey)}\n${DEPENDENT_UNIT}`;
    started = new Date();
    host = await startHost(join(dir, "host"), "system", await freePort());
    cloud = await startCloud(parts.images, join(dir, "cloud"), ["--cpus", "1"]);
    sshPort = cloud.sshPort;
    stack = await openStack(parts.engine, join(dir, "pulumi"), `e2e-${process.pid}`, cloud.api, host.mint, sshPort);
    say(`end to end in ${dir}`);
  });
  afterAll(async () => {
    const ignore = (): undefined => undefined;
    await stack?.pulumi(["destroy", "--yes", "--skip-preview"]).catch(ignore);
    await cloud?.stop();
    await host?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let red = false;
  beforeEach(({ skip, onTestFailed }) => {
    skip(red, "an earlier step failed");
    onTestFailed(() => void (red = true));
  });

  let first: Vm;
  it("boots a VM that is reseeded before its host keys, claims finally and reports", async () => {
    await stack.setDroplets([droplet("web-1")]);
    await up();
    first = await vmNamed(host.mint, "web-1");
    expect(first).toMatchObject({ state: "reported", sourceClass: "chained", hostKeysChanged: false });
    expect(first.report).toMatchObject({
      verdict: "reseeded",
      evidence: { rcMix: 0, rcReseed: 0, hostKeysBefore: 0, poolsize: 256, gate: "passed" },
    });
    const at = Object.fromEntries(first.report?.evidence.timeline ?? []);
    const order = ["hook", "mix", "reseed", "keys", "sshd"];
    expect(order.toSorted((a, b) => Number(at[a]) - Number(at[b]))).toEqual(order);
  });

  it("lets the operator in at the first try with nothing but the stack's output", async () => {
    expect(await logIn(await login(first), "uname -n; cat /etc/of-the-user")).toBe("web-1\nuntouched");
  });

  it("refuses a login when the known key is another one", async () => {
    const strict = await login(first);
    const swapped = readFileSync(strict.knownHosts, "utf8").replaceAll(
      /AAAA\S+/g,
      (key) => `${key.slice(0, -6)}AAAAAA`,
    );
    writeFileSync(strict.knownHosts, swapped);
    await expect(logIn(strict, "true")).rejects.toThrow(/Host key verification failed|REMOTE HOST IDENTIFICATION/);
  });

  it("tops up by a signed, sealed packet with a receipt", async () => {
    first = await vmNamed(host.mint, "web-1");
    await cloud.exec(id(first), "/usr/bin/python3 -I /usr/local/lib/bootseed/kit.pyz topup now");
    const after = await vmNamed(host.mint, "web-1");
    expect(after.topUps).toBe(first.topUps + 1);
    expect(after.lastTopUp).toMatchObject({ rcMix: 0, rcReseed: 0, receiptAt: expect.any(Number) as number });
    first = after;
  });

  it("holds no copy of the seed after the claim", async () => {
    expect(await seedCopies(cloud, id(first), started)).toEqual([]);
  });

  it("leaves no core of what crashes while it has the seed: cloud-init, which runs the hook, and the kit's units", async () => {
    const units = ["cloud-init-local", "cloud-init", "bootseed-claim", "bootseed-report", "bootseed-topup"];
    const limits = units.map((unit) => `systemctl show --value -p LimitCORESoft ${unit}`).join("; ");
    expect(await cloud.exec(id(first), limits)).toBe(units.map(() => "0").join("\n"));
  });

  it("three reboots: the login works, a unit that requires bootseed-seeded.target starts each time, nothing repeats", async () => {
    const boots = new Set([await cloud.exec(id(first), "cat /proc/sys/kernel/random/boot_id")]);
    const drawn = new Set([await draw()]);
    for (let count = 0; count < 3; count++) {
      await reboot(cloud, id(first), boots);
      expect(await logIn(await login(first), "uname -n")).toBe("web-1");
      drawn.add(await draw());
      await cloud.exec(id(first), UNTIL_STARTED);
      expect(await cloud.exec(id(first), FAILED_DEPENDENCIES)).toBe("");
      expect(await cloud.exec(id(first), "cat /run/bootseed/log")).toContain("no seed: already used, blanked");
    }
    expect(await cloud.exec(id(first), "cat /var/lib/needs-seed")).toBe([...boots].join("\n"));
    expect(boots.size).toBe(4);
    expect(drawn.size).toBe(4);
    for (const each of drawn) expect(each).toMatch(/^512\n/);
    await cloud.exec(id(first), "/usr/bin/python3 -I /usr/local/lib/bootseed/kit.pyz topup now");
    const after = await vmNamed(host.mint, "web-1");
    expect(after).toMatchObject({ state: "reported", hostKeysChanged: false });
    expect(after.lastTopUp).toMatchObject({ counter: Number(first.lastTopUp?.counter) + 1, rcMix: 0, rcReseed: 0 });
    expect(await listVms(host.mint)).toHaveLength(1);
  }, 1_800_000);

  it("holds no copy of the seed after reboots, in which cloud-init wrote its files anew", async () => {
    expect(await seedCopies(cloud, id(first), started)).toEqual([]);
  });

  it("a no-op up changes nothing, also after the reboots", async () => {
    await stack.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
  });

  it("gives a second VM other keys", async () => {
    await stack.setDroplets([droplet("web-1"), droplet("web-2")]);
    await up();
    const second = await vmNamed(host.mint, "web-2");
    expect(second.report?.verdict).toBe("reseeded");
    const keys = [...(first.report?.hostKeys ?? []), ...(second.report?.hostKeys ?? [])];
    expect(new Set(keys).size).toBe(keys.length);
    expect(await logIn(await login(second), "uname -n")).toBe("web-2");
  });

  it("destroy leaves no droplet, no process, no file", async () => {
    await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
    const droplets = join(dir, "cloud/droplets");
    expect(existsSync(droplets) ? readdirSync(droplets) : []).toEqual([]);
    const running = readdirSync("/proc")
      .filter((pid) => /^\d+$/.test(pid) && existsSync(`/proc/${pid}/cmdline`))
      .filter((pid) => {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return line.includes("qemu-system") && line.includes(dir);
      });
    expect(running).toEqual([]);
  });
});
