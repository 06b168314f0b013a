/**
 * The token of a mint client and the JWT of a CI job: used by the program and by the command line, expired, revoked, with
 * a wrong pin and in a file that is none; then looked for in all that was said, written and shown.
 */
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../../../tools/free-port.ts";
import { ServedHost } from "../../../hwrng-host/testing/served-host.ts";
import { LocalIssuer } from "../../network/local-issuer.ts";
import { textCanaries } from "../../testing/canary.ts";
import { CanarySearch, filesBelow, type Place } from "../../testing/canary-search.ts";
import { ProcessWatch } from "../../testing/process-watch.ts";
import { ROOT } from "../engine.ts";
import { Workbench } from "../workbench.ts";

const DIR = mkdtempSync(join(tmpdir(), "bootseed-tokens-"));
process.env["TMPDIR"] = DIR;

let watch: ProcessWatch;
let host: ServedHost;
let issuer: LocalIssuer;
let bench: Workbench;
let url: string;
const said: Place[] = [];
/** By name, as text. */
const tokens = new Map<string, string>();

const at = (name: string): string => join(DIR, name);
const keep = (name: string, text: string): void => void said.push({ name, bytes: Buffer.from(text) });
const search = (): CanarySearch => new CanarySearch([...tokens].flatMap(([name, text]) => textCanaries(name, text)));

function client(name: string, ...more: string[]): string {
  const { out, err } = host.run("client", "add", name, "--stacks", "**", ...more, "--out", at(name));
  keep(`client add ${name}`, out + err);
  tokens.set(name, readFileSync(at(name), "utf8").trim());
  return at(name);
}

function jwt(name: string, claims: object): string {
  const token = issuer.token(claims);
  tokens.set(name, token);
  writeFileSync(at(name), token, { mode: 0o600 });
  return at(name);
}

async function bootseed(tokenFile: string, to: string = url): Promise<string> {
  const args = [join(ROOT, "seeder/cli/main.ts"), "vm", "ls", "--host", to, "--token-file", tokenFile];
  const { all } = await execa("node", args, { preferLocal: true, all: true, reject: false });
  keep(`vm ls with ${tokenFile}`, all);
  return all;
}

beforeAll(async () => {
  watch = await ProcessWatch.start();
  host = await ServedHost.make();
  issuer = await LocalIssuer.start(DIR);
  const port = await freePort();
  const config = readFileSync(host.config, "utf8").replace("listen:", `listen:\n  mintHttps: 127.0.0.1:${port}`);
  const rules = `[{ name: deploy, sub: "repo:acme/*:ref:refs/heads/main", stacks: ["**"] }]`;
  const oidc = `oidc: [{ issuer: "${issuer.url}", audience: bootseed, ca: ${issuer.ca}, rules: ${rules} }]\n`;
  writeFileSync(host.config, config + oidc);
  await host.serve();
  const certificate = new X509Certificate(readFileSync(join(host.state, "tls.crt")));
  url = `https://127.0.0.1:${port}#sha256=${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`;
  bench = await Workbench.open();
});
afterAll(async () => {
  await watch?.[Symbol.asyncDispose]();
  await issuer?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await bench?.close();
  rmSync(DIR, { recursive: true, force: true });
});

it("the command line: right, revoked, wrong pin, JWT, expired JWT, file that others may read, file that is none", async () => {
  const ci = client("ci");
  const main = { sub: "repo:acme/infra:ref:refs/heads/main" };
  expect(await bootseed(ci)).toMatch(/no VM/i);
  expect(await bootseed(jwt("job", main))).toMatch(/no VM/i);
  expect(await bootseed(ci, url.replace(/sha256=../, "sha256=00"))).toMatch(/another certificate/);
  expect(await bootseed(jwt("expired job", { ...main, iat: 1000, nbf: 1000, exp: 2000 }))).toMatch(/refused/);
  expect(await bootseed(jwt("other job", { sub: "repo:evil/infra" }))).toMatch(/refused/);
  keep("client revoke", host.run("client", "revoke", "ci").out);
  expect(await bootseed(ci)).toMatch(/revoked/);
  const open = client("open");
  chmodSync(open, 0o644);
  expect(await bootseed(open)).toMatch(/mode 0644; expected 0600/);
  chmodSync(open, 0o600);
  writeFileSync(at("broken"), `${tokens.get("open")} and more`, { mode: 0o600 });
  expect(await bootseed(at("broken"))).toMatch(/holds no token/);
  keep("client ls", host.run("client", "ls", "--json").out);
});

it("the program: the token as the stack's secret, then revoked", async () => {
  client("pulumi");
  await bench.configure(url, [{ name: "web" }], { reportTimeoutSeconds: "0" });
  // By standard input, as the documentation has it: in argv everybody could read it.
  await bench.setSecret("token", tokens.get("pulumi") ?? "");
  for (const args of [["--diff"], ["--diff", "--debug"], ["--json"]])
    keep(`up ${args.join(" ")}`, (await bench.up(...args)).output);
  expect(bench.api.posted).toHaveLength(1);
  keep("client revoke", host.run("client", "revoke", "pulumi").out);
  await bench.configure(url, [{ name: "web" }, { name: "new" }]);
  const refused = await bench.up("--debug");
  keep("up, revoked", refused.output);
  expect(refused.output).toMatch(/no seed for new: .*revoked/);
  keep("stack export", await bench.must("stack", "export"));
  keep("config", await bench.must("config", "--json"));
});

it("no token on any terminal, in the host's log, or in a file but its own", async () => {
  await host.stop();
  expect(search().among([...said, { name: "host log", bytes: Buffer.from(host.log) }])).toEqual([]);
  const found = search().among(filesBelow(DIR));
  const own =
    /^(ci|job|expired job|other job|open|pulumi|broken): (ci|job|expired job|other job|open|pulumi)(, decoded)?: /;
  expect(found.filter((line) => !own.test(line))).toEqual([]);
  for (const name of tokens.keys()) expect(found).toContain(`${name}: ${name}: raw`);
  // What was searched.
  for (const sign of [/client made/, /client revoked/]) expect(host.log).toMatch(sign);
  expect(said.length).toBeGreaterThan(15);
});

it("no token in a command line or environment, but the stack's secret in what Pulumi hands its program", async () => {
  const { places } = await watch.stop();
  const wanted = search();
  const found = wanted.among(places);
  // The engine gives configuration to programs in PULUMI_CONFIG, secrets in clear: for the program's user and root to read.
  expect(found.filter((line) => !/^\/proc\/\d+\/environ: pulumi(, decoded)?: /.test(line))).toEqual([]);
  expect(found).not.toEqual([]);
  const holders = places.map(({ bytes }) => Buffer.from(bytes)).filter((bytes) => wanted.raw(bytes).length > 0);
  for (const environ of holders) {
    const variables = environ.toString("latin1").split("\0");
    const holding = variables.filter((line) => wanted.raw(Buffer.from(line)).length > 0);
    expect(holding.map((line) => line.split("=")[0])).toEqual(["PULUMI_CONFIG"]);
  }
});
