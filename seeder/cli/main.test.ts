import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sampleReport, sampleVm } from "../testing/sample-vm.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-cli-"));
const host = `unix://${dir}/s`;
const old = sampleVm({ seedId: "cd".repeat(16), instanceId: "99", committedAt: 1, addresses: ["192.0.2.99"] });
const db = sampleVm({ name: "db", addresses: ["192.0.2.8"], hostKeysChanged: true, report: sampleReport() });
const server = createServer((_, response) => response.end(JSON.stringify({ schema: 1, vms: [old, sampleVm(), db] })));

beforeAll(() => new Promise<void>((resolve) => server.listen(join(dir, "s"), resolve)));
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

async function bootseed(...args: string[]): Promise<{ code: number | undefined; stdout: string; stderr: string }> {
  const main = join(import.meta.dirname, "main.ts");
  const ran = await execa("node", [main, ...args], { env: { BOOTSEED_HOST: host }, reject: false, preferLocal: true });
  return { code: ran.exitCode, stdout: ran.stdout, stderr: ran.stderr };
}

describe("bootseed", () => {
  it("vm ls, and --json with a schema", async () => {
    const listed = await bootseed("vm", "ls");
    expect([listed.code, listed.stdout]).toEqual([
      0,
      expect.stringMatching(/^web-7 +(?:ab){16} +✓ ✓ ✓ +chained +reported +never$/m),
    ]);
    const json = JSON.parse((await bootseed("vm", "ls", "--json")).stdout) as { schema: number; vms: unknown[] };
    expect([json.schema, json.vms.length]).toEqual([1, 3]);
  });
  it("vm show takes the newest of a name, and a seedId", async () => {
    expect((await bootseed("vm", "show", "web-7")).stdout).toMatch(/instance +100/);
    expect((await bootseed("vm", "show", "cd".repeat(16))).stdout).toMatch(/instance +99/);
  });
  it("vm show of a name that nobody has: 66, with the names that are near", async () => {
    const { code, stderr } = await bootseed("vm", "show", "wbe");
    expect([code, stderr]).toEqual([66, "bootseed: no VM is called wbe or has that address: did you mean db, web-7?"]);
  });
  it("known-hosts of all, of one, and with a port", async () => {
    const all = await bootseed("known-hosts");
    expect(all.stdout.split("\n")).toEqual([
      expect.stringMatching(/^192\.0\.2\.7 ssh-ed25519 A+$/),
      expect.stringMatching(/^192\.0\.2\.8 ssh-ed25519 A+$/),
    ]);
    expect(all.stderr).toMatch(/db has changed its host keys/);
    expect((await bootseed("known-hosts", "web-7", "--ssh-port", "2222")).stdout).toMatch(/^\[192\.0\.2\.7\]:2222 /);
  });
  it("a host that is not there: 69 and one sentence", async () => {
    const { code, stderr } = await bootseed("vm", "ls", "--host", `unix://${dir}/nothing`);
    expect([code, stderr.split("\n")]).toEqual([
      69,
      [expect.stringMatching(/^bootseed: host unix:\S+ is unreachable: /)],
    ]);
  });
  it("known-hosts of a stack, and of one that nobody has: 66", async () => {
    expect((await bootseed("known-hosts", "--stack", "o/p/s")).stdout.split("\n")).toHaveLength(2);
    const { code, stderr } = await bootseed("known-hosts", "--stack", "o/p/t");
    expect([code, stderr]).toEqual([66, "bootseed: no VM of the stack o/p/t: did you mean o/p/s?"]);
  });
  it("known-hosts --soft with the host away: nothing, and 0", async () => {
    const away = ["known-hosts", "192.0.2.7", "--host", `unix://${dir}/nothing`];
    expect(await bootseed(...away)).toMatchObject({ code: 69, stdout: "" });
    expect(await bootseed(...away, "--soft")).toEqual({
      code: 0,
      stdout: "",
      stderr: expect.stringMatching(/unreachable.*no key is vouched for/) as string,
    });
  });
  it("wait: 65 with the reason of the one that changed its keys", async () => {
    const { code, stdout, stderr } = await bootseed("wait", "--stack", "o/p/s", "--timeout", "1s");
    expect([code, stdout]).toEqual([65, ""]);
    expect(stderr).toBe(
      "bootseed: db: it has changed its host keys since its first report (bootseed vm approve db accepts them after a look); see bootseed vm show",
    );
  });
  it("wait for one of them by name: 0", async () => {
    expect(await bootseed("wait", "web-7", "--stack", "o/p/s")).toMatchObject({ code: 0, stdout: "" });
  });
  it.each([
    [["vm", "lss"]],
    [["vm", "ls", "--jsn"]],
    [["known-hosts", "--ssh-port", "0"]],
    [["vm", "ls", "--host", "x"]],
    [["wait"]],
    [["wait", "--stack", "dev"]],
    [["wait", "--stack", "o/p/s", "--timeout", "3"]],
    [["sync", "--stack", "prod"]],
    [["userdata"]],
    [["userdata", "--name", "w", "--max", "2g"]],
    [["userdata", "--name", "w", "--format", "zip"]],
    [["inject"]],
    [["inject", "--disk", "a", "--root", "b"]],
    [["inject", "--disk", "a", "--partition", "0"]],
  ])("%j: 64", async (args) => {
    const { code, stderr } = await bootseed(...args);
    expect([code, stderr]).toEqual([64, expect.stringMatching(/unknown|expected|required|Allowed choices/)]);
  });
  it.each([
    ["vm", [/^ {2}\$ bootseed vm ls$/m, /^ {2}\$ bootseed vm show web-7$/m], 10],
    ["vm ls", [/^ {2}\$ bootseed vm ls$/m], 3],
    ["vm show", [/^ {2}\$ bootseed vm show web-7$/m], 2],
    ["wait", [/^ {2}\$ bootseed wait --stack/m, /^ {2}66 {2}the host knows no such stack, or no VM of that name/m], 2],
    ["known-hosts", [/^ {2}\$ bootseed known-hosts >>/m, /KnownHostsCommand/], 2],
    ["sync", [/^ {2}\$ bootseed sync --stack/m], 2],
    ["userdata", [/^ {2}\$ bootseed userdata --template/m], 2],
    ["inject", [/^ {2}\$ bootseed inject --disk/m], 2],
  ])("%s --help has examples of its own, and no others", async (verb, expected, examples) => {
    const { code, stdout } = await bootseed(...verb.split(" "), "--help");
    expect(code).toBe(0);
    for (const text of expected) expect(stdout).toMatch(text);
    expect(stdout.match(/^ {2}\$ /gm)).toHaveLength(examples);
    if (verb !== "vm") expect(stdout).toMatch(/BOOTSEED_HOST.*xit codes: bootseed --help$/m);
  });
  it("--help has them all, and the exit codes", async () => {
    const { code, stdout } = await bootseed("--help");
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/Examples:\n +\$ bootseed vm ls[^]*Exit codes:\n +0 +done/),
    ]);
    for (const verb of ["vm show", "wait", "known-hosts", "sync", "userdata", "inject"])
      expect(stdout).toMatch(new RegExp(`^ {2}\\$ bootseed ${verb} `, "m"));
  });
});
