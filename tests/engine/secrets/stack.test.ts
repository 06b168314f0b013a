/**
 * Create, no-op, preview, replacement and a failed run against the real host, with the shipped kit as the guest; then a
 * search through everything that any of them wrote, said or showed. The droplet's name is a canary of its own that may
 * be seen: a place in which not even that is found was not searched.
 */
import { fromHex, hostKeys } from "@bootseed/protocol";
import { createPrivateKey, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { HostProcess } from "../../loopback/host-process.ts";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import type { Canary } from "../../testing/canary.ts";
import { CanarySearch, filesBelow, type Place } from "../../testing/canary-search.ts";
import { MintTap } from "../../testing/mint-tap.ts";
import { ProcessWatch } from "../../testing/process-watch.ts";
import { ROOT } from "../engine.ts";
import { KitVms } from "../kit-vms.ts";
import { Workbench } from "../workbench.ts";

/** Everything lies below it, also what engine and program put into the folder for temporary files. */
const DIR = mkdtempSync(join(tmpdir(), "bootseed-secrets-"));
process.env["TMPDIR"] = DIR;

const PLANTED = randomBytes(16).toString("hex");
const planted = new CanarySearch([{ name: "planted", bytes: fromHex(PLANTED) }]);
const NAME = `web-${PLANTED}`;

let watch: ProcessWatch;
let host: HostProcess;
let tap: MintTap;
let bench: Workbench;
const machines = new KitVms();
/** What was said on a terminal, by command. */
const said: Place[] = [];

/** What was said by commands that show debug diagnostics: the seeds of new droplets are in the provider's line. */
const debugged: Place[] = [];

const keep = (name: string, text: string): void => void said.push({ name, bytes: Buffer.from(text) });
async function say(name: string, ...args: string[]): Promise<void> {
  keep(name, await bench.must(...args));
}
const UP = ["up", "--yes", "--skip-preview"];

function hostCanaries(): Canary[] {
  const file = (name: string): Buffer => readFileSync(join(host.stateDir, name));
  const { d = "" } = createPrivateKey(file("tls.key")).export({ format: "jwk" });
  return [
    ...["secret", "packet.key", "root.key"].map((name) => ({ name, bytes: file(name) })),
    ...Object.entries(hostKeys(file("secret"))).map(([name, bytes]) => ({ name, bytes: bytes as Uint8Array })),
    { name: "tls.key", bytes: Buffer.from(d, "base64url") },
  ];
}

async function guestCanaries(): Promise<Canary[]> {
  const boots = await Promise.all(machines.boots);
  return boots.map(({ guest }) => ({ name: `psk of ${guest.instanceId}`, bytes: guest.state("psk") ?? Buffer.of() }));
}

beforeAll(async () => {
  if (!KIT_PYTHON) return;
  watch = await ProcessWatch.start();
  host = await HostProcess.make();
  await host.start();
  tap = await MintTap.listen(join(DIR, "tap.sock"), host.mintSocket);
  bench = await Workbench.open();
  bench.api.onCreate = machines.boot;
  await bench.configure(tap.url, [{ name: NAME }]);
});
afterAll(async () => {
  await watch?.[Symbol.asyncDispose]();
  await machines[Symbol.asyncDispose]();
  await tap?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await bench?.close();
  rmSync(DIR, { recursive: true, force: true });
});

it.skipIf(!KIT_PYTHON)(
  "runs: create, no-op, preview, replacement, host away, and everything that shows something",
  async () => {
    await say("up --diff", ...UP, "--diff");
    await say("up, no-op", ...UP, "--expect-no-changes");
    await say("preview --diff", "preview", "--diff", "--replace", await bench.urn(NAME));
    await say("preview --json", "preview", "--json");
    for (const flags of [["--json"], ["--diff", "--debug"]]) {
      const output = await bench.must(...UP, ...flags, "--replace", await bench.urn(NAME));
      debugged.push({ name: `up ${flags.join(" ")}`, bytes: Buffer.from(output) });
    }
    await say("stack export", "stack", "export");
    await say("stack output", "stack", "output", "--json");
    await say("stack history", "stack", "history", "--json");
    await say("refresh", "refresh", "--yes", "--skip-preview");
    await host.stop();
    await bench.configure(tap.url, [{ name: NAME }, { name: `db-${PLANTED}` }]);
    const failed = await bench.up();
    expect(failed.ok).toBe(false);
    keep("failed up", failed.output);
    await host.start();
    for (const command of ["vm ls", "vm ls --json", `vm show ${NAME}`]) {
      const args = [join(ROOT, "seeder/cli/main.ts"), ...command.split(" "), "--host", `unix://${host.mintSocket}`];
      keep(`bootseed ${command}`, (await execa("node", args, { preferLocal: true, all: true, reject: false })).all);
    }
    await Promise.all(machines.boots);
    expect(machines.boots).toHaveLength(3);
    // Reserved in each run for each droplet, also where nobody took it: 1 + 1 + 1 + 1, each with four secrets.
    expect(tap.canaries.length).toBeGreaterThanOrEqual(4 * 4);
  },
);

it.skipIf(!KIT_PYTHON)("the search finds what was sent to the cloud: the seed of each droplet in its user-data", () => {
  const seeds = new CanarySearch(tap.canaries);
  for (const { user_data: userData } of bench.api.posted) {
    const found = seeds.in(Buffer.from(String(userData)));
    for (const what of ["pool", "claimKey", "psk0"])
      expect(found.join("\n")).toMatch(new RegExp(`^${what} of .*base64`, "m"));
    // The kit is the same for all, byte for byte: nothing of a seed is packed in it.
    expect(String(userData)).toContain(readFileSync(join(ROOT, "seeder/kit/kit.b94"), "utf8").trim());
  }
});

it.skipIf(!KIT_PYTHON)("no secret on any terminal; the name that may be seen is on each", () => {
  const secrets = new CanarySearch([...tap.canaries, ...hostCanaries()]);
  expect(secrets.among(said)).toEqual([]);
  const blank = said.filter(({ bytes }) => planted.raw(bytes).length === 0).map(({ name }) => name);
  expect(blank).toEqual([]);
});

it.skipIf(!KIT_PYTHON)(
  "with --json and --debug, seeds are in the provider's line alone, and no other secret is shown",
  () => {
    const [seeds, others] = [new CanarySearch(tap.canaries), new CanarySearch(hostCanaries())];
    expect(others.among(debugged)).toEqual([]);
    for (const { name, bytes } of debugged) {
      const lines = Buffer.from(bytes).toString().split("\n");
      const shown = lines.filter((line) => seeds.raw(Buffer.from(line)).length > 0);
      expect(shown, name).not.toEqual([]);
      for (const line of shown) expect(line).toContain("[DEBUG] Droplet create configuration: ");
    }
  },
);

it.skipIf(!KIT_PYTHON)(
  "no secret in any file but where it belongs: state, history, home, temporary files, host, guests",
  async () => {
    await host.stop();
    const files = filesBelow(DIR);
    const secrets = new CanarySearch([...tap.canaries, ...hostCanaries(), ...(await guestCanaries())]);
    const found = secrets.among(files);
    /** Where a secret lives, and nothing else of that file. */
    const homes = [
      /^bootseed-loopback-\w+\/state\/(secret|packet\.key|root\.key): \1: raw$/,
      /^bootseed-loopback-\w+\/state\/tls\.key: tls\.key: /,
      /^(bootseed-guest-\w+)\/var\/lib\/bootseed\/\w+\/psk: psk of \d+: raw$/,
    ];
    expect(found.filter((line) => !homes.some((home) => home.test(line)))).toEqual([]);
    for (const home of homes) expect(found.join("\n")).toMatch(new RegExp(home.source, "m"));
    // What was searched: the canary that may be seen is in a file of each kind.
    const seen = planted.among([...files, { name: "host log", bytes: Buffer.from(host.log) }]).join("\n");
    for (const kind of [
      /^bootseed-engine-\w+\/state\/\.pulumi\/stacks\/.*\.json: /m,
      /^bootseed-engine-\w+\/state\/\.pulumi\/history\/.*: /m,
      /^bootseed-engine-\w+\/project\/Pulumi\.test\.yaml: /m,
      /^bootseed-loopback-\w+\/state\/host\.db: /m,
    ])
      expect(seen).toMatch(kind);
    // Every run has left a checkpoint.
    const history = readdirSync(join(bench.dir, "state"), { recursive: true, encoding: "utf8" });
    expect(history.filter((name) => /history\/.*\.checkpoint\.json$/.test(name)).length).toBeGreaterThanOrEqual(6);
  },
);

it.skipIf(!KIT_PYTHON)("no secret in the host's log; every step of a VM's life is in it", () => {
  const secrets = new CanarySearch([...tap.canaries, ...hostCanaries()]);
  expect(secrets.in(Buffer.from(host.log))).toEqual([]);
  expect(host.log).toMatch(/claim/);
  expect(host.log).toMatch(/report/);
});

it.skipIf(!KIT_PYTHON)("no secret in any command line or environment of this machine", async () => {
  const { rounds, places } = await watch.stop();
  const secrets = new CanarySearch([...tap.canaries, ...hostCanaries()]);
  expect(secrets.among(places)).toEqual([]);
  expect(rounds).toBeGreaterThan(100);
  const seen = planted.among(places).join("\n");
  expect(seen).toMatch(/cmdline: planted/); // pulumi config set
  expect(seen).toMatch(/environ: planted/); // PULUMI_CONFIG of the program
});

it.skipIf(!KIT_PYTHON)("in the state user-data is ciphertext, as input and as output", async () => {
  // The provider keeps the SHA-1 of the user-data as output: a way to check guesses, so that is secret too.
  const { deployment } = JSON.parse(await bench.must("stack", "export")) as {
    deployment: { resources: { type: string; inputs: Record<string, unknown>; outputs: Record<string, unknown> }[] };
  };
  const droplet = deployment.resources.find(({ type }) => type === "digitalocean:index/droplet:Droplet");
  for (const side of [droplet?.inputs, droplet?.outputs]) {
    expect(side?.["userData"]).toMatchObject({ ciphertext: expect.any(String) });
  }
});
