/** Every command against the real host over https: with a token it works, without the right one it says why, by exit code too. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../tools/free-port.ts";
import { MintingHost } from "../../tests/loopback/minting-host.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-access-"));
const STACK = "acme/web/prod";
let host: MintingHost;
let good: string;

type Ran = { code: number | undefined; stdout: string; stderr: string };
async function bootseed(env: Record<string, string>, ...args: string[]): Promise<Ran> {
  const main = join(import.meta.dirname, "main.ts");
  const ran = await execa("node", [main, ...args], { env, reject: false, preferLocal: true });
  for (const token of host.tokens) expect(ran.stdout + ran.stderr).not.toContain(token);
  return { code: ran.exitCode, stdout: ran.stdout, stderr: ran.stderr };
}
const by = (tokenFile: string, url: string = host.url()): Record<string, string> => ({
  BOOTSEED_HOST: url,
  BOOTSEED_TOKEN_FILE: tokenFile,
});
const userdata = (name: string): string[] => ["userdata", "--name", name, "--stack", STACK, "--out", join(dir, name)];
let files = 0;
/** What is there already is never written over. */
const anew = (command: string[]): string[] =>
  command.map((word, i) => (command[i - 1] === "--out" ? `${word}-${++files}` : word));

beforeAll(async () => {
  host = await MintingHost.make();
  await host.service.start();
  good = await host.client("good", "--stacks", "**");
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

const exported = join(dir, "export.json");
const root = join(dir, "root");
const none = ["--stack", STACK];
/** All that ask the host. Nobody boots here: the wait is over before a report comes. */
const COMMANDS: [string, string[], number][] = [
  ["userdata", userdata("web"), 0],
  ["vm ls", ["vm", "ls"], 0],
  ["vm show", ["vm", "show", "web"], 0],
  ["known-hosts", ["known-hosts"], 0],
  ["wait", ["wait", ...none, "--timeout", "1s"], 75],
  ["sync", ["sync", ...none, "--export", exported], 0],
  ["inject", ["inject", "--root", root, ...none], 0],
];

describe("environment and options are the same to every command, and a revoked token is 77", () => {
  let revoked: string;
  beforeAll(async () => {
    const type = "digitalocean:index/droplet:Droplet";
    const web = { urn: `urn:pulumi:prod::web::${type}::web`, type, id: "7", outputs: { ipv4Address: "192.0.2.7" } };
    writeFileSync(exported, JSON.stringify({ version: 3, deployment: { resources: [web] } }));
    for (const folder of ["etc/systemd/system", "var/lib/systemd", "usr/lib/systemd"])
      mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, "usr/lib/systemd/systemd"), "");
    writeFileSync(join(root, "etc/machine-id"), "");
    revoked = await host.client("gone", "--stacks", "**");
    await host.operator("client", "revoke", "gone");
  });
  it.each(COMMANDS)("%s", async (_, command, expected) => {
    const given = await bootseed(by(good), ...anew(command));
    expect([given.code, given.stderr]).toEqual([expected, expect.any(String)]);
    // What is written in the command has the last word.
    const options = await bootseed(
      by(revoked, "unix:///nothing"),
      ...anew(command),
      "--host",
      host.url(),
      "--token-file",
      good,
    );
    expect([options.code, options.stderr]).toEqual([expected, expect.any(String)]);
    const { code, stderr } = await bootseed(by(revoked), ...command);
    const why = /^bootseed: host https:\S+ refused: the token of client gone was revoked at [^\n]*$/;
    expect([code, stderr]).toEqual([77, expect.stringMatching(why)]);
  });
});

describe("exit codes", () => {
  const empty = join(dir, "empty.token");
  it.each([
    [
      "no token",
      64,
      /needs a token: set BOOTSEED_TOKEN_FILE or --token-file/,
      async () => ({ BOOTSEED_HOST: host.url() }),
    ],
    [
      "another pin",
      65,
      /shows another certificate: .*; nothing was sent/,
      async () => by(good, host.url("0".repeat(64))),
    ],
    [
      "nobody there",
      69,
      /is unreachable: nothing listens there; set listen/,
      async () => by(good, host.url(undefined, await freePort())),
    ],
    ["a file that is not there", 66, /cannot read the token file: ENOENT/, async () => by(join(dir, "none"))],
    [
      "the guests' port",
      76,
      /answered 404: this looks like the guests' port; the mint's https port is listen\.mintHttps .*\(7445 as documented\)$/,
      async () => by(good, host.url(undefined, host.service.port)),
    ],
    [
      "a file for all",
      74,
      /mode 0644; expected 0600/,
      async () => {
        writeFileSync(join(dir, "open"), "x");
        chmodSync(join(dir, "open"), 0o644);
        return by(join(dir, "open"));
      },
    ],
    [
      "another stack's",
      77,
      /may not touch the stack acme\/web\/prod: it has beta\/\*\*/,
      async () => by(await host.client("beta", "--stacks", "beta/**")),
    ],
    [
      "a reader's",
      77,
      /has the role read, which may not POST/,
      async () => by(await host.client("desk", "--role", "read", "--stacks", "**")),
    ],
    [
      "an empty file",
      78,
      /holds no token/,
      async () => {
        writeFileSync(empty, "", { mode: 0o600 });
        return by(empty);
      },
    ],
  ] as const)("%s: %i", async (_, code, why, env) => {
    const ran = await bootseed(await env(), ...userdata("refused"));
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([code, "", expect.stringMatching(why)]);
    expect(ran.stderr.split("\n")).toHaveLength(1);
  });

  it("a quota that is used up: 75, with the time to wait", async () => {
    const small = await host.client("small", "--stacks", "**", "--quota", "1");
    expect((await bootseed(by(small), ...userdata("one"))).code).toBe(0);
    const { code, stderr } = await bootseed(by(small), ...userdata("two"));
    expect([code, stderr]).toEqual([
      75,
      expect.stringMatching(/has had its 1 seeds of this hour \(wait, .*\); try again in \d+ s$/),
    ]);
  });
});
