import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ServedHost } from "../testing/served-host.ts";

it("a mint never takes over a draft that lies there: it is another seed, or somebody else's", async () => {
  await using host = await ServedHost.make();
  await host.serve();
  const out = join(host.dir, "web-7.seed");
  const draft = `${out}.uncommitted`;
  writeFileSync(draft, "somebody else's");
  const mint = (): ReturnType<ServedHost["run"]> => host.run("mint", "--name", "web-7", "--out", out);
  expect(mint()).toMatchObject({ code: 73, err: expect.stringMatching(/uncommitted is there already/) });
  expect([existsSync(out), readFileSync(draft, "utf8")]).toEqual([false, "somebody else's"]);
  rmSync(draft);
  expect(mint()).toMatchObject({ code: 0, err: "" });
  expect([existsSync(draft), readFileSync(out).length > 300]).toEqual([false, true]);
});

it("a seed is ended in words that are true of a seed, and the list that has seedIds is named", async () => {
  await using host = await ServedHost.make();
  await host.serve();
  host.run("mint", "--name", "web-7", "--out", join(host.dir, "web-7.seed"));
  expect(host.run("revoke", "web-7")).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^web-7 \([0-9a-f]{32}\) is in no list any more: its seed can be claimed no more\n$/),
  });
  expect(host.run("revoke", "web-7").err).toContain("`bootseed vm ls --json` shows them");
});

it("a client that is made before listen.mintHttps is set gets the lines to copy, and the warning", async () => {
  await using host = await ServedHost.make();
  await host.serve();
  const made = host.run("client", "add", "ci", "--stacks", "acme/**", "--out", join(host.dir, "ci.token"));
  expect(made.out).toMatch(/listen\.mintHttps is not set[^]*https:\/\/127\.0\.0\.1:7445#sha256=[0-9a-f]{64}'/);
});
