/** How every command ends, in one table: with the codes that its own help names, and no other. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runHost } from "./cli/run.ts";
import { EXIT } from "./host-error.ts";
import { ServedHost } from "./testing/served-host.ts";

const RECIPIENT = "age17sf6e8g35pyt2yec5ajtcqcy0xya5g5k0yk045328dzcn303sfas2xrq4x";

/** @ is a folder that the test makes: config and state in it, a file called `taken`; @damaged is a host with half a statement. */
const ENDS: readonly (readonly [code: number, command: string])[] = [
  [0, "--help"],
  [64, "fly"],
  [0, "init --config @/host.yaml"],
  [64, "init --config @/host.yaml --guests 127.0.0.1:1"],
  [73, "init --config @/taken/host.yaml"],
  [78, "init --config @damaged/host.yaml"],
  [64, "serve --bogus"],
  [69, "serve --config @/host.yaml"],
  [78, "serve --config @/none.yaml"],
  [78, "serve --config @damaged/host.yaml"],
  [64, "mint --config @/host.yaml --name web-7"],
  [73, "mint --config @/host.yaml --name web-7 --out @/taken"],
  [73, "mint --config @/host.yaml --name web-7 --out @/none/x"],
  [69, "mint --config @damaged/host.yaml --name web-7 --out @/x"],
  [0, "completion bash"],
  [64, "completion tcsh"],
  [0, "moved-here --config @/host.yaml"],
  [78, "moved-here --config @damaged/host.yaml"],
  [0, "push --config @/host.yaml"],
  [64, "push --config @/host.yaml nobody --off"],
  [64, "push --config @/host.yaml web-7 203.0.113.9"],
  [0, "statement --config @/host.yaml"],
  [64, "statement --config @/host.yaml --revoke 77"],
  [64, "statement --config @/host.yaml --use-certificate"],
  [78, "statement --config @damaged/host.yaml"],
  [78, "statement --config @damaged/host.yaml --list"],
  [64, "join-token add --config @/host.yaml --name w-* --uses x --out @/x"],
  [73, "join-token add --config @/host.yaml --name web --out @/taken"],
  [64, "join-token ls --config @/host.yaml more"],
  [64, "join-token revoke --config @/host.yaml nope"],
  [64, "join-token revoke --config @/host.yaml ad61d093bbfa211957566ffec1c34b7d"],
  [0, "client add ci --config @/host.yaml --stacks acme/** --ssh"],
  [64, "client add ci --config @/host.yaml --stacks acme/** --ssh"],
  [64, "client add ci2 --config @/host.yaml --stacks acme --ssh"],
  [73, "client add ci2 --config @/host.yaml --stacks acme/** --out @/taken"],
  [64, "client renew ci --config @/host.yaml --out @/x"],
  [73, "client renew ci --config @/host.yaml --out @/taken"],
  [0, "client ls --config @/host.yaml"],
  [0, "client revoke --config @/host.yaml ci"],
  [64, "client revoke --config @/host.yaml ci"],
  [78, "mint-stdio --config @/none.yaml"],
  [64, "revoke --config @/host.yaml nobody"],
  [69, "revoke --config @damaged/host.yaml nobody"],
  [64, "backup --config @/host.yaml --recipient age1 --out @/x"],
  [73, `backup --config @/host.yaml --recipient ${RECIPIENT} --out @/taken`],
  [78, `backup --config @damaged/host.yaml --recipient ${RECIPIENT} --out @/x`],
  [64, "restore --config @/host.yaml --identity @/none --in @/taken"],
  [65, "restore --config @/new.yaml --identity @/operator --in @/taken"],
  [0, "status --config @/host.yaml"],
  [69, "status --config @damaged/host.yaml"],
  [0, "reload --config @/host.yaml"],
  [69, "reload --config @damaged/host.yaml"],
];

let host: ServedHost;
beforeAll(async () => {
  host = await ServedHost.make();
  await host.serve();
  const damaged = join(host.dir, "damaged");
  mkdirSync(damaged);
  cpSync(host.state, join(damaged, "state"), { recursive: true });
  const config = {
    stateDir: "state",
    allowChained: true,
    advertise: ["192.0.2.1:7443"],
    listen: { mint: "mint.sock" },
  };
  writeFileSync(join(damaged, "host.yaml"), JSON.stringify(config));
  writeFileSync(join(damaged, "state/statement"), "half of it", { mode: 0o600 });
  writeFileSync(join(host.dir, "taken"), "mine");
  writeFileSync(join(host.dir, "operator"), OPERATOR, { mode: 0o600 });
});
afterAll(() => host[Symbol.asyncDispose]());

/** A key of age that opens nothing. */
const OPERATOR = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n";

type Ended = { code: number; out: string; err: string };

async function run(...words: string[]): Promise<Ended> {
  const ended = { code: 0, out: "", err: "" };
  ended.code = await runHost(words, { out: (text) => (ended.out += text), err: (text) => (ended.err += text) });
  return ended;
}

it.each(ENDS)("%i: bootseed-host %s", async (code, command) => {
  const place = (word: string): string => word.replace("@damaged", join(host.dir, "damaged")).replace("@", host.dir);
  const ended = await run(...command.split(" ").map(place));
  expect([ended.code, ended.err]).toEqual([code, code === 0 ? "" : expect.stringMatching(/^(bootseed-host|error): /)]);
  // Where bootseed-host itself refuses, it says what to do. A stack trace is for nobody.
  if (ended.err.startsWith("bootseed-host")) expect(ended.err).toMatch(/\n {2}to do: /);
  expect(ended.err).not.toMatch(/\n {4}at /);
});

const help = async (...words: string[]): Promise<string> => (await run(...words, "--help")).out;
const commands = (text: string): string[] =>
  [...(text.split("Commands:")[1]?.split("Examples:")[0] ?? "").matchAll(/^ {2}([a-z-]+)/gm)]
    .map(([, name]) => name ?? "")
    .filter((name) => name !== "help");

it("the table has every command", async () => {
  const all: string[] = [];
  for (const name of commands(await help())) {
    const below = commands(await help(name));
    all.push(...(below.length === 0 ? [name] : below.map((verb) => `${name} ${verb}`)));
  }
  expect(all.length).toBeGreaterThan(14);
  expect(all.filter((name) => !ENDS.some(([, command]) => command.startsWith(name)))).toEqual([]);
});

it("help names every code, and the table has all but those for our own mistakes and for devices", async () => {
  const named = [...((await help("client", "add")).split("Exit:")[1] ?? "").matchAll(/^ {6}(\d+) /gm)].map(([, code]) =>
    Number(code),
  );
  expect(named).toEqual(Object.values(EXIT));
  const seen = new Set(ENDS.map(([code]) => code));
  expect(named.filter((code) => !seen.has(code))).toEqual([EXIT.software, EXIT.io]);
});
