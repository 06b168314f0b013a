/** What the real ssh looks for when its user types an address or a name, and whether `bootseed known-hosts %H` prints it. */
import { execa } from "execa";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleReport, sampleVm } from "../../seeder/testing/sample-vm.ts";
import { ROOT } from "../../tools/cache.ts";
import { ensureSshd } from "../../tools/setup/sshd.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-ssh-"));
const at = (name: string): string => join(dir, name);
const contest = {
  word: "db-1",
  kind: "name",
  others: [{ name: "db-1", stack: "", seedId: "cd".repeat(16), joined: true, since: 1 }],
} as const;
let proxy = "";

const server = createServer((_, response) => {
  const report = sampleReport({ hostKeys: [readFileSync(at("host.pub"), "utf8").split(" ", 2).join(" ")] });
  const addresses = ["203.0.113.7", "2a03:b0c0:0002:00d0:0000:0000:0192:b001"];
  const vms = [
    sampleVm({ name: "Web-7", addresses, report }),
    sampleVm({ name: "db-1", urn: "urn:db", addresses: [], report, contested: [contest] }),
  ];
  response.end(JSON.stringify({ schema: 1, vms }));
});

beforeAll(async () => {
  for (const key of ["host", "client"]) execFileSync("ssh-keygen", ["-qt", "ed25519", "-N", "", "-f", at(key)]);
  const settings = [`HostKey ${at("host")}`, `AuthorizedKeysFile ${at("client.pub")}`, "StrictModes no", "UsePAM no"];
  writeFileSync(at("config"), `${settings.join("\n")}\n`);
  const { path, libraries } = await ensureSshd();
  const library = libraries === "" ? "" : `env LD_LIBRARY_PATH=${libraries} `;
  proxy = `${library}${path} -i -f ${at("config")}`;
  const passwd = readFileSync("/etc/passwd", "utf8");
  if (process.getuid?.() === 0 && !/^sshd:/m.test(passwd)) {
    // Debian's package makes this user and folder; run by root, sshd does not start without them.
    mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    writeFileSync(at("passwd"), `${passwd}sshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n`);
    proxy = `unshare -m sh -c 'mount --bind ${at("passwd")} /etc/passwd && exec ${proxy}'`;
  }
  await new Promise<void>((resolve) => server.listen(at("mint"), resolve));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

/** `ssh HOST echo in`, without a terminal and without any key but those that KnownHostsCommand prints. */
async function ssh(host: string, ...more: string[]): Promise<{ stdout: string; stderr: string }> {
  const options = {
    BatchMode: "yes",
    GlobalKnownHostsFile: "none",
    IdentitiesOnly: "yes",
    KnownHostsCommand: `${process.execPath} ${join(ROOT, "seeder/cli/main.ts")} known-hosts --host unix://${at("mint")} %H`,
    ProxyCommand: proxy,
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: "none",
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const words = ["-F", "none", "-i", at("client"), ...flags, ...more, host, "echo in"];
  const { stdout, stderr } = await execa("ssh", words, { stdin: "ignore", timeout: 60_000, reject: false });
  return { stdout, stderr };
}

describe("C5 (digitalocean/terraform-provider-digitalocean#269): ssh with KnownHostsCommand", () => {
  it.each([
    ["2a03:b0c0:2:d0::192:b001", []],
    ["2A03:B0C0:0002:00D0:0000:0000:0192:B001", []],
    ["2a03:b0c0:2:d0:0:0:192:b001", ["-p", "2222"]],
    ["203.0.113.7", []],
    ["web-7", []],
    ["WEB-7.", ["-p", "2222"]],
  ])("logs in to %s without a question", async (host, more) => {
    const { stdout, stderr } = await ssh(host, ...more);
    expect([stdout, stderr]).toEqual(["in", expect.not.stringMatching(/verification failed/)]);
  });
  it.each([
    ["db-1", /db-1 is contested by [^]*failed, status 65\r?\nKnownHostsCommand failed/],
    ["2a03:b0c0:2:d0::192:b002", /Host key verification failed/],
  ])("does not log in to %s", async (host, why) => {
    const { stdout, stderr } = await ssh(host);
    expect([stdout, stderr]).toEqual(["", expect.stringMatching(why)]);
  });
});
