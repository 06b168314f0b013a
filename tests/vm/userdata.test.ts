import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureImage } from "../../tools/image/image.ts";
import { ROOT } from "../../tools/cache.ts";
import { freePort } from "../../tools/free-port.ts";
import { startHost, type Host } from "../../tools/lab/host.ts";
import { makeOperatorKey } from "../../tools/lab/login.ts";
import { run } from "../../tools/lab/service.ts";
import { vmNamed } from "../../tools/lab/vms.ts";
import { noCloudFolder, overlay, PlainVm, userNetwork } from "./plain-vm.ts";

const STACK = "acme/qemu/test";

/** docs/other-clouds.md, QEMU: no cloud, no Pulumi; user-data from the command line, and ssh that asks the mint for host keys. */
describe("bootseed userdata in a plain QEMU VM", { concurrent: false }, () => {
  let dir: string, host: Host, key: string, sshPort: number;
  let vm: PlainVm | undefined;
  /** As a person's ssh_config would have it. */
  const ssh = async (alias: string, mint = host.mint): Promise<{ stdout: string }> => {
    const command = `${process.execPath} ${join(ROOT, "seeder/cli/main.ts")} known-hosts --host ${mint} %H`;
    const options = {
      BatchMode: "yes",
      GlobalKnownHostsFile: "none",
      HostKeyAlias: alias,
      IdentitiesOnly: "yes",
      KnownHostsCommand: command,
      StrictHostKeyChecking: "yes",
      UserKnownHostsFile: "none",
    };
    const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
    const where = ["-i", key, "-p", String(sshPort), "debian@127.0.0.1"];
    return execa("ssh", ["-F", "none", ...flags, ...where, "uname -n; cat /etc/of-the-user"], {
      stdin: "ignore",
      timeout: 120_000,
    });
  };

  beforeAll(async () => {
    const image = await ensureImage();
    dir = mkdtempSync(join(tmpdir(), "bootseed-vm-userdata-"));
    key = join(dir, "operator");
    const authorized = await makeOperatorKey(key);
    const template = join(dir, "template.yaml");
    const file = "write_files: [{ path: /etc/of-the-user, content: untouched }]";
    writeFileSync(template, `#cloud-config\nssh_authorized_keys: ["${authorized}"]\n${file}\n`);
    host = await startHost(join(dir, "host"), "system", await freePort());
    sshPort = await freePort();
    const { folder, args } = noCloudFolder(dir, "web-1");
    const made = ["--template", template, "--name", "web-1", "--stack", STACK, "--format", "gzip"];
    await run("bootseed", ["userdata", "--host", host.mint, ...made, "--out", join(folder, "user-data")]);
    const disk = await overlay(image, join(dir, "disk.qcow2"));
    vm = await PlainVm.start(image, dir, disk, [...args, ...userNetwork(sshPort)]);
  });
  afterAll(async () => {
    await vm?.[Symbol.asyncDispose]();
    await host?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("before it has reported, there is no key", async () => {
    expect(await run("bootseed", ["known-hosts", "--host", host.mint, "web-1"])).toBe("");
  });

  it("bootseed wait opens when it has reported", async () => {
    await vm?.until("systemctl is-active ssh");
    await run("bootseed", ["wait", "--host", host.mint, "--stack", STACK, "--timeout", "3m"]);
    const seeded = await vmNamed(host.mint, "web-1");
    expect(seeded).toMatchObject({ state: "reported", instanceId: "iid-web-1" });
    expect(seeded.report).toMatchObject({
      verdict: "reseeded",
      evidence: { rcMix: 0, rcReseed: 0, hostKeysBefore: 0, gate: "passed" },
    });
    // NoCloud gives the hook its user-data before there is a network: the claim comes after the keys.
    const timeline = seeded.report?.evidence.timeline ?? [];
    expect(timeline.map(([name]) => name)).toEqual(expect.arrayContaining(["hook", "mix", "reseed", "keys", "claim"]));
    expect(timeline.toSorted(([, a], [, b]) => a - b)).toEqual(timeline);
  });

  it("has the seed blanked in the gzip that cloud-init keeps, and the user's part still there", async () => {
    const unpacked = "zcat -q /var/lib/cloud/instance/user-data.txt 2>/dev/null";
    expect(await vm?.until(`${unpacked} | grep -o 'BOOTSEED=.\\{12\\}'`)).toBe("BOOTSEED=AAAAAAAAAAAA");
    expect(await vm?.until(`${unpacked} | grep -c of-the-user`)).toBe("1");
  });

  it("ssh is let in by nothing but KnownHostsCommand", async () => {
    expect((await ssh("web-1")).stdout).toBe("web-1\nuntouched");
  });

  it("ssh refuses a name that has not reported, one that nobody has, and a mint that is away", async () => {
    await run("bootseed", [
      "userdata",
      "--host",
      host.mint,
      "--name",
      "web-3",
      "--stack",
      STACK,
      "--out",
      join(dir, "3"),
    ]);
    await expect(ssh("web-3")).rejects.toThrow(/web-3 has not reported yet[^]*Host key verification failed/);
    await expect(ssh("web-2")).rejects.toThrow(/no VM is called web-2[^]*Host key verification failed/);
    await expect(ssh("web-1", `unix://${dir}/nothing`)).rejects.toThrow(/is unreachable[^]*KnownHostsCommand failed/);
  });
});
