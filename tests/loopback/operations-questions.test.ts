/** docs/operations.md, Questions and commands: each command of the table runs as it stands, and prints the words of the last column. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { topUp } from "../../hwrng-host/testing/follow.ts";
import { ServedHost } from "../../hwrng-host/testing/served-host.ts";
import { prerequisite } from "../prerequisite.ts";
import { ROOT } from "../../tools/cache.ts";

const page = readFileSync(join(ROOT, "docs/operations.md"), "utf8");
const [, section = ""] = /^## Questions and commands\n([^]*?)^[^|\n]/m.exec(page) ?? [];
const rows = section
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .slice(2)
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, question = "", command = "", lookAt = ""]) => ({
    question,
    command: command.replaceAll("`", ""),
    words: [...lookAt.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word),
    links: [...lookAt.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = ""]) => anchor),
  }));
const anchors = new Set(
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")),
);
const hasAge = prerequisite(spawnSync("age", ["--version"]).status === 0, "expected age, do: apt-get install age");

describe.runIf(hasAge)("the table of questions", () => {
  let host: ServedHost;
  let recipient: string;
  const file = (name: string): string => join(host.dir, name);
  beforeAll(async () => {
    host = await ServedHost.make();
    await host.serve();
    const web = await host.enrolled("web-7");
    await host.enrolled("quiet");
    expect((await host.send(web, "/v1/reports", web.report())).status).toBe(204);
    expect(await topUp(host, web)).toBe(1);
    expect(host.run("client", "add", "ci", "--stacks", "org/**", "--out", file("old.token")).code).toBe(0);
    execFileSync("age-keygen", ["-o", file("operator.txt")], { stdio: "ignore" });
    recipient = execFileSync("age-keygen", ["-y", file("operator.txt")], { encoding: "utf8" }).trim();
  });
  afterAll(() => host[Symbol.asyncDispose]());

  /** A command of the table, with this test's files in the place of the operator's. */
  function run(command: string): { code: number | null; out: string; err: string } {
    const [program, ...words] = command
      .split(" ")
      .map((word) => (word === "age1…" ? recipient : /^[a-z-]+\.(age|txt|token)$/.test(word) ? file(word) : word));
    if (program === "bootseed-host") return host.run(...words);
    const main = join(ROOT, "seeder/cli/main.ts");
    const env = { ...process.env, BOOTSEED_HOST: `unix://${host.mint}` };
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: "utf8", env });
    return { code: status, out: stdout, err: stderr };
  }

  it("answers all the questions that operators ask", () => expect(rows.length).toBeGreaterThanOrEqual(12));

  it.each(rows)("$question $command", ({ command, words, links }) => {
    const { code, out, err } = run(command);
    expect({ code, err: code === 0 ? "" : err }).toEqual({ code: 0, err: "" });
    for (const word of words) expect(out + err).toContain(word);
    for (const anchor of links) expect(anchors).toContain(anchor);
  });
});
