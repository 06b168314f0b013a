import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readableLine } from "./readable-log.ts";

const line = (fields: object): string => JSON.stringify({ level: 30, time: "2026-11-21T05:29:01.123Z", ...fields });

describe("a log line at a terminal", () => {
  it("is time, level, message, and key=value, quoted where a value is more than one word", () => {
    const fields = { seedId: "ab", name: "two words", n: 3, list: ["a"], msg: "committed" };
    expect(readableLine(line(fields))).toBe('05:29:01 INFO  committed seedId=ab name="two words" n=3 list=["a"]');
  });
  it("keeps control characters off the terminal, and gives a stack trace lines of its own", () => {
    expect(readableLine(line({ level: 40, msg: "a\u001b[2Jb" }))).toBe("05:29:01 WARN  a?[2Jb");
    const err = { type: "Error", message: "no space", stack: "Error: no space\n    at here" };
    expect(readableLine(line({ level: 50, err, msg: "failed" }))).toBe(
      '05:29:01 ERROR failed err="no space"\n    at here',
    );
  });
  it("is shown as it is where it is no JSON", () => {
    expect(readableLine("plain")).toBe("plain");
  });
});

describe("the service's log", () => {
  const code = `
    const { stderrLog } = await import(${JSON.stringify(join(import.meta.dirname, "stderr-log.ts"))});
    stderrLog().warn({ name: "web-7" }, "made");`;
  const node = [process.execPath, "--input-type=module", "-e", code];
  it("is JSON for a pipe", () => {
    const { stderr } = spawnSync(node[0] ?? "", node.slice(1), { encoding: "utf8" });
    expect(JSON.parse(stderr)).toMatchObject({ level: 40, name: "web-7", msg: "made" });
  });
  it("is readable at a terminal", () => {
    const pty = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))";
    const { stdout } = spawnSync("python3", ["-c", pty, ...node], { encoding: "utf8" });
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d WARN {2}made name=web-7\r\n$/);
  });
});
