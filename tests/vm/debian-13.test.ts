import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../../tools/free-port.ts";
import { ensureImage } from "../../tools/image/image.ts";
import { startCloud, type Cloud } from "../../tools/lab/cloud.ts";
import { startHost, type Host } from "../../tools/lab/host.ts";
import { makeOperatorKey } from "../../tools/lab/login.ts";
import { run } from "../../tools/lab/service.ts";
import { vmNamed } from "../../tools/lab/vms.ts";
import { DEPENDENT_UNIT, FAILED_DEPENDENCIES, UNTIL_STARTED } from "./dependent-unit.ts";
import { reboot } from "./reboot.ts";
import { seedCopies } from "./seed-copies.ts";
import { withEvidence } from "./with-evidence.ts";

const SLUG = "debian-13-x64";
const STACK = "acme/trixie/test";
/** Socket activation from the first boot on, as Ubuntu has had it since 22.10; done after our hook and before sshd would start. */
const SOCKET =
  "systemctl disable -q ssh.service; systemctl enable -q ssh.socket; systemctl stop --no-block ssh.service; systemctl start --no-block ssh.socket";

/** A newer cloud-init, which calls its units by other names, the config drive that every droplet has, and a socket-activated sshd. */
describe("a Debian 13 droplet with a config drive", { concurrent: false }, () => {
  let dir: string, host: Host, cloud: Cloud, id: string, key: string;
  const inVm = (command: string): Promise<string> => cloud.exec(id, command);
  let started: Date;
  const boots = new Set<string>();
  const bootId = "cat /proc/sys/kernel/random/boot_id";
  /** As an operator logs in with only what `bootseed known-hosts` printed. */
  const login = async (): Promise<string> => {
    const knownHosts = join(dir, "known_hosts");
    writeFileSync(knownHosts, await run("bootseed", ["known-hosts", "--host", host.mint, "web-1"]));
    const options = ["BatchMode=yes", "HostKeyAlias=web-1", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=none"];
    const flags = [...options, `UserKnownHostsFile=${knownHosts}`].flatMap((option) => ["-o", option]);
    const { stdout } = await execa(
      "ssh",
      ["-F", "none", ...flags, "-i", key, "-p", String(cloud.sshPort), "root@127.77.0.1", "uname -n"],
      { stdin: "ignore", timeout: 120_000 },
    );
    return stdout;
  };

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "bootseed-vm-debian-13-"));
    const images = join(dir, "images");
    mkdirSync(images);
    symlinkSync(await ensureImage(undefined, SLUG), join(images, SLUG));
    key = join(dir, "operator");
    await makeOperatorKey(key);
    started = new Date();
    host = await startHost(join(dir, "host"), "system", await freePort());
    const options = ["--cpus", "1", "--config-drive", "--authorized-key", `${key}.pub`];
    cloud = await startCloud(images, join(dir, "cloud"), options);
    const [template, userData] = [join(dir, "template.yaml"), join(dir, "user-data")];
    writeFileSync(template, `#cloud-config\nbootcmd: [${JSON.stringify(SOCKET)}]\n${DEPENDENT_UNIT}`);
    const made = ["--template", template, "--name", "web-1", "--stack", STACK, "--out", userData];
    await run("bootseed", ["userdata", "--host", host.mint, ...made]);
    const body = { name: "web-1", region: "ams3", size: "s-1vcpu-1gb", image: SLUG };
    const answer = await fetch(`${cloud.api}/v2/droplets`, {
      method: "POST",
      headers: { authorization: "Bearer test" },
      body: JSON.stringify({ ...body, user_data: readFileSync(userData, "utf8") }),
    });
    id = String(((await answer.json()) as { droplet: { id: number } }).droplet.id);
  });
  afterAll(async () => {
    await cloud?.stop();
    await host?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let red = false;
  beforeEach(({ skip, onTestFailed }) => {
    skip(red, "an earlier step failed");
    onTestFailed(() => void (red = true));
  });

  it("is reseeded before its host keys and reports, seed and instance id from the config drive", async () => {
    await withEvidence(cloud, () =>
      run("bootseed", ["wait", "--host", host.mint, "--stack", STACK, "--timeout", "20m"]),
    );
    const vm = await vmNamed(host.mint, "web-1");
    expect(vm).toMatchObject({ state: "reported", instanceId: id, hostKeysChanged: false });
    expect(vm.report).toMatchObject({
      verdict: "reseeded",
      evidence: { rcMix: 0, rcReseed: 0, hostKeysBefore: 0, poolsize: 256, gate: "passed" },
    });
    const names = (vm.report?.evidence.timeline ?? []).map(([name]) => name);
    expect(names.slice(0, 3)).toEqual(["hook", "mix", "reseed"]);
    expect(names).toEqual(expect.arrayContaining(["claim", "keys"]));
    expect(await inVm("cat /run/cloud-init/cloud-id")).toBe("configdrive");
    boots.add(await inVm(bootId));
  });

  it("starts sshd by its socket, and the report comes after the gate", async () => {
    expect(await inVm("systemctl is-enabled ssh.socket; systemctl is-active ssh.socket")).toBe("enabled\nactive");
    expect(await inVm("systemctl show -P After bootseed-report.service")).toContain("bootseed-first-boot.service");
  });

  it("lets the operator in at the first try with the reported keys", async () => {
    expect(await login()).toBe("web-1");
  });

  it("starts a unit that requires bootseed-seeded.target, on the first boot and after a reboot", async () => {
    await withEvidence(cloud, async () => {
      await inVm("cloud-init status --wait >/dev/null || true");
      expect(await inVm("cat /var/lib/needs-seed; cat /etc/of-the-user")).toBe(`${[...boots].join("\n")}\nuntouched`);
      await reboot(cloud, id, boots, "ssh.socket");
      await inVm(UNTIL_STARTED);
    });
    expect(await inVm(FAILED_DEPENDENCIES)).toBe("");
    expect(await inVm("systemctl is-active bootseed-seeded.target needs-seed.service")).toBe("active\nactive");
    expect(await inVm("cat /var/lib/needs-seed")).toBe([...boots].join("\n"));
  });

  it("has the same keys and no failed bootseed unit after the reboot, and credits no seed twice", async () => {
    expect(await login()).toBe("web-1");
    expect(await inVm("systemctl list-units --failed --plain --no-legend 'bootseed*'")).toBe("");
    expect(await inVm("cat /run/bootseed/log")).toContain("the seed is spent");
    expect(await inVm("cat /run/bootseed/verdict")).toBe("reseeded 0");
    expect(await vmNamed(host.mint, "web-1")).toMatchObject({ state: "reported", hostKeysChanged: false });
  });

  it("leaves no core of cloud-init, which runs the hook in another unit than before", async () => {
    expect(await inVm("systemctl show --value -p LimitCORESoft cloud-init-main cloud-init-network")).toBe("0\n\n0");
  });

  it("holds no copy of the seed after the reboot", async () => {
    expect(await seedCopies(cloud, id, started)).toEqual([]);
  });
});
