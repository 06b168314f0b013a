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
