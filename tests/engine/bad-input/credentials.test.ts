/** Who may not ask the mint, on the real engine and the real host: one error on the droplet, nothing made, nothing spent. */
import { chmodSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Drill, STACK } from "./drill.ts";

let drill: Drill;
/** Droplets that are there: none of what is refused may touch them. */
const there: string[] = [];

beforeAll(async () => void (drill = await Drill.start()));
afterAll(() => drill?.[Symbol.asyncDispose]());

/** The droplet is refused as things are, and made when they are mended. */
async function refusedUntil(name: string, why: RegExp, mend: () => Promise<unknown>): Promise<void> {
  await drill.declare(...there, name);
  const said = await drill.refused(name);
  expect(said).toMatch(
    /^before hook "bootseed-commit" failed: no seed for [a-z-]+: .*; nothing was created; run pulumi up again/,
  );
  expect(said).toMatch(why);
  await mend();
  await drill.passes(name);
  there.push(name);
}

it("wrong pin", async () => {
  await drill.use(drill.host.url("0".repeat(64)));
  const why =
    /host https:\/\/127\.0\.0\.1:\d+ shows another certificate: expected sha256=0{64}, got sha256=[0-9a-f]{64}; nothing was sent/;
  await refusedUntil("wrong-pin", why, () => drill.use(drill.host.url()));
});

it("no token at all, and no file that is one", async () => {
  await drill.bench.must("config", "rm", "bootseed:token");
  const file = await drill.host.client("filed", "--stacks", "**");
  const { moreEnv } = drill.bench;
  const why = /needs a token: set BOOTSEED_TOKEN_FILE .*pulumi config set --secret bootseed:token/;
  await refusedUntil("no-token", why, async () => (moreEnv["BOOTSEED_TOKEN_FILE"] = file));
  chmodSync(file, 0o644);
  await refusedUntil("open-file", /mode 0644; expected 0600: .*chmod 600/, async () => chmodSync(file, 0o600));
  delete moreEnv["BOOTSEED_TOKEN_FILE"];
});

it("neither a preview nor a run that creates nothing needs one", async () => {
  expect((await drill.run("up", "--expect-no-changes")).said).toEqual([
    {
      resource: "",
      severity: "warning",
      message: expect.stringMatching(/no seeds in this run: .* needs a token/) as string,
    },
  ]);
  await drill.declare(...there, "planned");
  expect(await drill.run("preview")).toEqual({ ok: true, said: [], posts: 0 });
});

it("a token in clear in the stack's file", async () => {
  await drill.bench.must("config", "set", "bootseed:token", "not-a-secret-but-long-enough-to-be-one-of-ours");
  const why = /a token lies in clear in the stack's configuration: revoke it, then pulumi config set --secret/;
  await refusedUntil("in-clear", why, () => drill.token("again", "--stacks", "**"));
});

it("a token that nobody made", async () => {
  await drill.bench.setSecret("token", "x".repeat(43));
  const why = /refused: this token is not one of this host's \(ask the host's operator .*client add NAME --out FILE\)/;
  await refusedUntil("unknown", why, () => drill.token("known", "--stacks", "**"));
});

it("revoked token", async () => {
  await drill.token("leaver", "--stacks", "**");
  await drill.host.operator("client", "revoke", "leaver");
  const why = /refused: the token of client leaver was revoked at 20\S+ \(ask the host's operator/;
  await refusedUntil("revoked", why, () => drill.token("stayer", "--stacks", "**"));
});

it("wrong stack, wrong role", async () => {
  await drill.token("other", "--stacks", "acme/*/prod");
  const why = new RegExp(
    `refused: client other may not touch the stack ${STACK}: it has acme/\\*/prod \\(use the token of`,
  );
  await refusedUntil("stack", why, () => drill.token("own", "--stacks", STACK));
  await drill.token("reader", "--role", "read", "--stacks", "**");
  const role = /refused: client reader has the role read, which may not POST \/v1\/reservations/;
  await refusedUntil("role", role, () => drill.token("writer", "--stacks", STACK));
});

it("two hosts and one token: it is shown to neither", async () => {
  const other = drill.host.url().replace("127.0.0.1", "localhost");
  await drill.bench.must("config", "set", "bootseed:elsewhere", JSON.stringify({ there: other }));
  const why =
    /host https:\/\/localhost:\d+: bootseed:token and BOOTSEED_TOKEN_FILE are for https:\/\/127\.0\.0\.1:\d+ alone: name its own in hosts/;
  await refusedUntil("there", why, () => drill.bench.must("config", "rm", "bootseed:elsewhere"));
});

it("a SeededDroplet is refused by the same one error, without a second for its component or its report", async () => {
  await drill.use(drill.host.url("0".repeat(64)));
  await drill.declare(...there, { name: "box", where: "seeded" });
  expect(await drill.refused("box")).toMatch(/no seed for box: host \S+ shows another certificate/);
});

it("the state of all this holds no token", async () => {
  expect((await drill.bench.everythingWritten()).includes("bootseed:token")).toBe(true);
  drill.expectNoToken(await drill.bench.everythingWritten());
});
