/** What `bootseed --help` says of each exit code, beside commands that end with it. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { sampleVm } from "../testing/sample-vm.ts";
import { main } from "./main.ts";
import { exitCodeOf } from "./sysexits.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-exit-"));
const at = (name: string): string => join(dir, name);
const PIN = "0".repeat(64);
const HTTPS = `https://127.0.0.1:1#sha256=${PIN}`;
const STACK = ["--stack", "o/p/s"];
const young = sampleVm({ name: "new", urn: "urn:new", report: null, state: "claimed" });
const changed = sampleVm({ name: "old", urn: "urn:old", stack: "o/p/t", hostKeysChanged: true });
/** One address in two stacks, as a host of an older version tells them, which takes no notice of a filter. */
const contested = ["acme/a/prod", "acme/b/prod"].map((stack, i) =>
  sampleVm({ stack, name: `web-${i}`, urn: `urn:${i}`, seedId: `${i}${i}`.repeat(16), contested: undefined }),
);
const refusal = { error: { code: "x", message: "no", fix: "" } };
const bytes = (length: number, fill: number): string => Buffer.alloc(length, fill).toString("base64");
/** An answer of this many reservations, the first of them for `userdata --name w`, with a pool of zeros. */
function reserved(count: number): object {
  const reservations = Array.from({ length: count }, (_, i) => ({
    urn: i === 0 ? "urn:bootseed:local/userdata/default::userdata::w" : `urn:${i}`,
    seedId: "ab".repeat(16),
    pool: bytes(64, i),
    claimKey: bytes(32, 1),
    psk0: bytes(32, 2),
    token: "t",
  }));
  return { hostId: "00".repeat(8), statement: bytes(200, 3), sourceClass: "chained", reservations };
}
/** What hosts answer, each on a socket of its name. */
const HOSTS: Record<string, [number, unknown]> = {
  good: [200, { schema: 1, vms: [sampleVm(), young, changed] }],
  contested: [200, { schema: 1, vms: contested }],
  present: [200, { gone: [] }],
  strange: [200, { schema: 2 }],
  lazy: [200, reserved(0)],
  zeros: [200, reserved(8)],
  strict: [400, refusal],
  closed: [403, refusal],
  busy: [429, refusal],
  dry: [503, refusal],
  broken: [500, refusal],
};
const servers: Server[] = [];
const on = (host: string): string[] => ["--host", `unix://${at(host)}`];

const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
const printed = vi.spyOn(process.stdout, "write").mockReturnValue(true);
const words = (spy: typeof said = said): string => spy.mock.calls.map(([text]) => String(text)).join("");
beforeEach(() => [said, printed].forEach((spy) => spy.mockClear()));

beforeAll(async () => {
  for (const [name, [status, body]] of Object.entries(HOSTS)) {
    const server = createServer((_, response) => response.writeHead(status).end(JSON.stringify(body)));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(at(name), resolve));
  }
  mkdirSync(at("folder"));
  for (const folder of ["var/lib/systemd", "etc/systemd/system"])
    mkdirSync(join(at("root"), folder), { recursive: true });
  const web = { urn: "urn:pulumi:s::p::D::w\u00e9b", type: "digitalocean:index/droplet:Droplet", id: "7" };
  writeFileSync(at("export"), JSON.stringify({ deployment: { resources: [web] } }));
  writeFileSync(at("text"), "packages: [jq]\n");
  writeFileSync(at("packed"), Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]));
  writeFileSync(at("bytes"), Buffer.from([0xff, 0xfe]));
  writeFileSync(at("large"), "#!/bin/sh\n".padEnd(20_000, "#"));
  writeFileSync(at("empty.token"), "", { mode: 0o600 });
  writeFileSync(at("open.token"), "x".repeat(43));
  chmodSync(at("open.token"), 0o644);
});
afterAll(async () => {
  vi.restoreAllMocks();
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

const userdata = (...more: string[]): string[] => ["userdata", "--name", "w", "--out", at("never"), ...more];
const called = (name: string): string[] => ["userdata", "--out", at("never"), "--name", name, ...on("nothing")];
type Case = [number, string, string[], RegExp];
const CASES: Case[] = [
  [0, "what was asked for", ["vm", "ls", ...on("good")], /^$/],
  [
    0,
    "a droplet that no host can have seeded",
    ["sync", ...STACK, "--export", at("export"), ...on("present")],
    /left out.*b: a host/,
  ],
  [64, "an unknown command", ["vm", "lss"], /unknown command/],
  [64, "nothing to forget", ["vm", "forget"], /expected a name, or both --stack and --unclaimed/],
  [64, "a name and a filter", ["vm", "forget", "w", "--unclaimed"], /not both/],
  [64, "a filter without a stack", ["vm", "forget", "--unclaimed"], /both --stack and --unclaimed/],
  [64, "a stack alone", ["vm", "forget", ...STACK], /both --stack and --unclaimed/],
  [64, "seeds on their way", ["vm", "forget", ...STACK, "--unclaimed", "--older-than", "23h"], /add --yes/],
  [64, "an age of nothing", ["vm", "forget", ...STACK, "--unclaimed", "--older-than", "0d"], /expected an age/],
  [69, "seeds to forget at an older host", ["vm", "forget", ...STACK, "--unclaimed", ...on("good")], /older version/],
  [64, "no host like that", ["vm", "ls", "--host", "x"], /expected a host/],
  [64, "no token", ["vm", "ls", "--host", HTTPS], /needs a token/],
  [
    65,
    "a template of unknown kind",
    userdata("--template", at("text")),
    /^bootseed: the template begins with .*--force/,
  ],
  [
    65,
    "a template that does not unpack",
    userdata("--template", at("packed")),
    /the template begins like gzip but does not unpack/,
  ],
  [
    65,
    "a template that is no text",
    userdata("--template", at("bytes")),
    /the template is UTF-16 text: write the document in UTF-8/,
  ],
  [65, "a template that is too large", userdata("--template", at("large"), "--max", "16k"), /over the limit of/],
  [65, "no export", ["sync", ...STACK, "--export", at("text")], /expected what pulumi stack export prints/],
  [65, "what speaks against a VM", ["wait", "--stack", "o/p/t", ...on("good")], /has changed its host keys/],
  [66, "no such VM", ["vm", "show", "wbe", ...on("good")], /no VM is called wbe/],
  [66, "no such stack, of wait", ["wait", "--stack", "o/p/u", ...on("good")], /no VM of the stack o\/p\/u/],
  [66, "no such VM, of wait", ["wait", "wbe", ...STACK, ...on("good")], /no VM of o\/p\/s is called wbe/],
  [66, "no such template", userdata("--template", at("none")), /cannot read the template .*ENOENT/],
  [66, "a file for a folder", userdata("--template", join(at("text"), "x")), /cannot read the template .*ENOTDIR/],
  [66, "no such export", ["sync", ...STACK, "--export", at("none")], /cannot read the export .*ENOENT/],
  [66, "no such token file", ["vm", "ls", "--host", HTTPS, "--token-file", at("none")], /the token file: ENOENT/],
  [66, "no such disk", ["inject", "--disk", at("none")], /cannot open .*ENOENT/],
  [66, "no such root", ["inject", "--root", at("none")], /expected a folder with .*ENOENT/],
  [66, "no system in the image", ["inject", "--disk", at("text")], /expected an ext4 file system/],
  [69, "nobody there", ["vm", "ls", ...on("nothing")], /is unreachable/],
  [69, "no source", ["vm", "ls", ...on("dry")], /refused: no/],
  [74, "a template that cannot be read", userdata("--template", at("folder")), /cannot read the template .*EISDIR/],
  [
    74,
    "an export that cannot be read",
    ["sync", ...STACK, "--export", at("folder")],
    /cannot read the export .*EISDIR/,
  ],
  [74, "a token file for all", ["vm", "ls", "--host", HTTPS, "--token-file", at("open.token")], /mode 0644/],
  [74, "a folder that is not there", ["userdata", "--name", "w", "--out", at("none/x")], /cannot write/],
  [74, "the host's own fault", ["vm", "ls", ...on("broken")], /refused: no/],
  [75, "no report yet", ["wait", ...STACK, "--timeout", "1ms", ...on("good")], /no report in/],
  [75, "too fast", ["vm", "ls", ...on("busy")], /refused: no/],
  [76, "another answer", ["vm", "ls", ...on("strange")], /are host and client of one version/],
  [76, "an answer without a seed", userdata(...on("lazy")), /the host left out/],
  [76, "a seed of zeros", userdata(...on("zeros")), /the host gave no seed: .*zero/],
  [76, "zeros for an image", ["inject", "--root", at("root"), ...on("zeros")], /the host sent zeros/],
  [76, "a request that it does not know", ["vm", "ls", ...on("strict")], /refused: no/],
  [77, "a closed door", ["vm", "ls", ...on("closed")], /refused: no/],
  [78, "no token in the file", ["vm", "ls", "--host", HTTPS, "--token-file", at("empty.token")], /holds no token/],
];

describe("exit codes", () => {
  it.each(CASES)("%i: %s", async (code, _, args, expected) => {
    expect(await main(args)).toBe(code);
    expect(words()).toMatch(expected);
  });
  it("70 is what nobody thought of", () => {
    expect(exitCodeOf(new TypeError("x is not a function"))).toBe(70);
  });
  it("are those of the help, each", async () => {
    expect(await main(["--help"])).toBe(0);
    const listed = [...words(printed).matchAll(/^ {2}(\d+) +\S/gm)].map(([, code]) => Number(code));
    expect(listed).toEqual([...new Set([...CASES.map(([code]) => code), 70])].toSorted((a, b) => a - b));
  });
});

describe("what no host would take is 64 before one is asked", () => {
  it.each([
    ["empty", ""],
    ["not ASCII", "wéb"],
    ["of two lines", "a\nb"],
    ["too long", "w".repeat(256)],
  ])("a name that is %s", async (_, name) => {
    for (const args of [called(name), ["inject", "--root", at("root"), "--name", name, ...on("nothing")]]) {
      said.mockClear();
      expect(await main(args)).toBe(64);
      expect(words()).toMatch(/^bootseed: expected --name with 1 to 255 characters of printable ASCII, got /);
    }
  });
  it.each(["203.0.113.9", "2130706433", "0x7f.1", "::1", "[::1]", "web-*", "a b", "a,b", "@web"])(
    "the name %s, which known_hosts would read otherwise",
    async (name) => {
      for (const args of [called(name), ["inject", "--root", at("root"), "--name", name, ...on("nothing")]]) {
        said.mockClear();
        expect(await main(args)).toBe(64);
        expect(words()).toMatch(/^bootseed: expected --name with a host name such as web-7, got .*: it /);
      }
    },
  );
  it.each([
    ["not ASCII", "o/p/é"],
    ["too long", `o/p/${"s".repeat(253)}`],
    ["short", "o/p"],
  ])("a stack that is %s", async (_, stack) => {
    for (const command of ["wait", "known-hosts", "sync"]) {
      said.mockClear();
      expect(await main([command, "--stack", stack, ...on("nothing")])).toBe(64);
      expect(words()).toMatch(/^bootseed: expected a stack as org\/project\/stack, got .*256 characters/);
    }
  });
  it.each(["known-hosts 192.0.2.7", "known-hosts", "wait", "wait web-0", "sync", "vm forget --unclaimed"])(
    "a pattern for the stack of %s, which would let a contested address pass",
    async (command) => {
      expect(await main([...command.split(" "), "--stack", "acme/*/prod", ...on("contested")])).toBe(64);
      expect(words(printed)).toBe("");
      expect(words()).toMatch(/^bootseed: expected one stack as org\/project\/stack, got the pattern "acme\/\*\/prod"/);
    },
  );
  it("of a pattern, vm ls lists all stacks", async () => {
    expect(await main(["vm", "ls", "--stack", "acme/*/prod", ...on("contested")])).toBe(0);
    expect(words(printed)).toMatch(/^stack acme\/a\/prod$[^]*^stack acme\/b\/prod$/m);
  });
});
