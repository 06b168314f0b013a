import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { credentialsFrom, readToken } from "./credentials.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-token-"));
const TOKEN = "canary-".padEnd(43, "x");
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, content: string, mode = 0o600): string {
  const path = join(dir, name);
  writeFileSync(path, content, { mode });
  return path;
}

function fifo(name: string): string {
  const path = join(dir, name);
  execFileSync("mkfifo", ["-m", "600", path]);
  return path;
}

describe("a token", () => {
  it("comes from a file that only its owner may read, anew each time, or from a secret", () => {
    const tokenFile = file("good", `${TOKEN}\n`);
    expect(readToken({ tokenFile }, "h")).toBe(TOKEN);
    writeFileSync(tokenFile, "aa.bb.cc");
    expect(readToken({ tokenFile }, "h")).toBe("aa.bb.cc");
    expect(readToken({ token: ` ${TOKEN}\n` }, "h")).toBe(TOKEN);
  });

  it.each([
    ["nothing", () => ({}), /h needs a token: set BOOTSEED_TOKEN_FILE/],
    ["both", () => ({ token: TOKEN, tokenFile: "/x" }), /got both/],
    [
      "a file that others may read",
      () => ({ tokenFile: file("open", TOKEN, 0o640) }),
      /mode 0640; expected 0600.*chmod/,
    ],
    ["a file that is not there", () => ({ tokenFile: join(dir, "none") }), /cannot read the token file: ENOENT/],
    ["a folder", () => ({ tokenFile: dir }), /is not a file/],
    ["a FIFO", () => ({ tokenFile: fifo("pipe") }), /is not a file/],
    ["an empty file", () => ({ tokenFile: file("empty", "\n") }), /holds no token.*got 0 char/],
    ["something else", () => ({ tokenFile: file("pem", `${TOKEN} ${TOKEN}`) }), /holds no token/],
    ["a header's end", () => ({ token: `${TOKEN}\r\nx: y` }), /holds no token/],
    ["a large file", () => ({ tokenFile: file("large", "x".repeat(20_000)) }), /holds no token \(it has 20000 bytes\)/],
  ])("is not taken from %s, and never quoted", (_, credentials, why) => {
    let said = "";
    try {
      readToken(credentials(), "h");
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toMatch(why);
    expect(said).not.toContain("canary");
  });

  it("is named by the environment as a file only", () => {
    expect(credentialsFrom({ BOOTSEED_TOKEN_FILE: "/f", BOOTSEED_TOKEN: TOKEN })).toEqual({ tokenFile: "/f" });
    expect(credentialsFrom({ BOOTSEED_TOKEN_FILE: "" })).toEqual({});
  });
});
