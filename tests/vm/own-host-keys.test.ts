import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ensureImage } from "../../tools/image/image.ts";
import { freePort } from "../../tools/free-port.ts";
import { startHost, type Host } from "../../tools/lab/host.ts";
import { logIn, makeOperatorKey } from "../../tools/lab/login.ts";
import { run } from "../../tools/lab/service.ts";
import { vmNamed } from "../../tools/lab/vms.ts";
import { debugfs, noCloudFolder, overlay, PlainVm, userNetwork } from "./plain-vm.ts";

const STACK = "acme/own-keys/test";
const BAKED = "/etc/myapp/ssh/key";
const BROUGHT = "/etc/ssh/ssh_host_ed25519_key";
/** The kit's own reader of sshd_config does not understand a quoted space, so only `sshd -T` knows the second key. */
const INCLUDED = "/etc/my app/keys.conf";

/** One VM with both kinds of host keys that were not made on it. sshd shows both, and each is counted by itself. */
describe("host keys that the image and the user bring, with a real sshd", { concurrent: false }, () => {
  let dir: string, host: Host, operator: string, sshPort: number;
  let vm: PlainVm | undefined;
  /** `type base64` of the keys in sshd's order of files: baked, brought. */
  let lines: string[] = [];
  const keyPair = async (name: string, type: string): Promise<string> => {
    const file = join(dir, name);
    await execa("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "", "-f", file], { stdin: "ignore" });
    lines.push(readFileSync(`${file}.pub`, "utf8").trim());
    return file;
  };
  const bake = async (disk: string): Promise<void> => {
    const key = await keyPair("baked", "ecdsa");
    const stock = (await debugfs(disk, ["cat /etc/ssh/sshd_config"])).toString().replaceAll(/^debugfs:.*\n/gm, "");
    const [config, included] = [join(dir, "sshd_config"), join(dir, "keys.conf")];
    writeFileSync(config, `HostKey ${BAKED}\nInclude "${INCLUDED}"\n${stock}`);
    writeFileSync(included, `HostKey ${BROUGHT}\n`);
    const put = (from: string, to: string, mode: string): string[] => [
      `write ${from} "${to}"`,
      ...[`mode 0100${mode}`, "uid 0", "gid 0"].map((field) => `set_inode_field "${to}" ${field}`),
    ];
    const folders = ["/etc/myapp", "/etc/myapp/ssh", "/etc/my app"].map((folder) => `mkdir "${folder}"`);
    const files = [...put(key, BAKED, "600"), ...put(`${key}.pub`, `${BAKED}.pub`, "644")];
    const configs = ["rm /etc/ssh/sshd_config", ...put(config, "/etc/ssh/sshd_config", "644")];
    await debugfs(disk, [...folders, ...files, ...configs, ...put(included, INCLUDED, "644")], true);
  };

  beforeAll(async () => {
    const image = await ensureImage();
    dir = mkdtempSync(join(tmpdir(), "bootseed-vm-own-keys-"));
    operator = join(dir, "operator");
    const authorized = await makeOperatorKey(operator);
    const disk = await overlay(image, join(dir, "disk.qcow2"));
    await bake(disk);
    const brought = await keyPair("brought", "ed25519");
    const pair = { ed25519_private: readFileSync(brought, "utf8"), ed25519_public: lines[1] };
    const template = join(dir, "template.yaml");
    const cloudConfig = { ssh_authorized_keys: [authorized], ssh_keys: pair };
    writeFileSync(template, `#cloud-config\n${JSON.stringify(cloudConfig)}\n`);
    host = await startHost(join(dir, "host"), "system", await freePort());
    sshPort = await freePort();
    const { folder, args } = noCloudFolder(dir, "web-1");
    const made = ["--template", template, "--name", "web-1", "--stack", STACK, "--out", join(folder, "user-data")];
    await run("bootseed", ["userdata", "--host", host.mint, ...made]);
    vm = await PlainVm.start(image, dir, disk, [...args, ...userNetwork(sshPort)]);
  });
  afterAll(async () => {
    await vm?.[Symbol.asyncDispose]();
    await host?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  let red = false;
  beforeEach(({ skip, onTestFailed }) => {
    skip(red, "an earlier step failed");
    onTestFailed(() => void (red = true));
  });

  it("C14 (raspberrypi/rpi-image-gen#289): the baked key is counted before the first boot's keys, and holds sshd", async () => {
    await vm?.until(`test -e ${BROUGHT} && test -e /run/bootseed/verdict`);
    expect(await vm?.shell("cat /run/bootseed/verdict")).toBe("reseeded 1");
    expect(await vm?.until("systemctl is-active ssh || true")).toBe("inactive");
    // The gate would wait 330 s. What it does then is tested without a VM.
    await vm?.shell("echo reseeded 0 >/run/bootseed/verdict");
    await vm?.until("systemctl is-active ssh");
  });

  it('C14, C19: the keys that sshd shows are reported, with "before keys ✗" and why', async () => {
    const waited = run("bootseed", ["wait", "--host", host.mint, "--stack", STACK, "--timeout", "5m"]);
    await expect(waited).rejects.toMatchObject({
      exitCode: 65,
      stderr: expect.stringMatching(
        /2 SSH host keys were there before the seed, or were not made on this VM/,
      ) as unknown,
    });
    const { report } = await vmNamed(host.mint, "web-1");
    expect(report).toMatchObject({
      verdict: "reseeded",
      hostKeys: lines,
      evidence: { hostKeysBefore: 2, gate: "held" },
    });
    expect(await run("bootseed", ["vm", "show", "web-1", "--host", host.mint])).toMatch(/^claims .*before keys ✗$/m);
  });

  it("ssh-keyscan gets the same keys and no other from sshd", async () => {
    const { stdout } = await execa("ssh-keyscan", ["-p", String(sshPort), "-t", "rsa,ecdsa,ed25519", "127.0.0.1"]);
    const scanned = stdout.split("\n").filter((line) => line.startsWith("["));
    expect(scanned.map((line) => line.replace(/^\S+ /, "")).toSorted()).toEqual(lines.toSorted());
  });

  it.each(["ecdsa-sha2-nistp256", "ssh-ed25519"])("a strict login with what known-hosts prints: %s", async (type) => {
    const printed = await run("bootseed", ["known-hosts", "--host", host.mint, `[127.0.0.1]:${sshPort}`, "web-1"]);
    const knownHosts = join(dir, "known_hosts");
    const ofType = printed.split("\n").filter((line) => line.startsWith("web-1 ") && line.includes(` ${type} `));
    expect(ofType).toHaveLength(1);
    writeFileSync(knownHosts, `${ofType[0]?.replace("web-1", `[127.0.0.1]:${sshPort}`)}\n`);
    const login = { address: "127.0.0.1", port: sshPort, user: "debian", key: operator, knownHosts };
    expect(await logIn(login, "uname -n")).toBe("web-1");
  });
});
