import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { consoleFile, consoleTail, plain } from "./console.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "console-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("consoleTail", () => {
  it("gives the last lines, also of a file longer than it looks at", () => {
    writeFileSync(consoleFile(dir), `${"x".repeat(200)}\none\r\ntwo\r\nthree\r\n\n`);
    expect(consoleTail(dir, 2)).toBe("two\nthree");
    expect(consoleTail(dir, 2, 20)).toBe("two\nthree");
  });

  it("is empty where there is no console yet", () => {
    expect(consoleTail(dir, 5)).toBe("");
  });
});

describe("plain", () => {
  it("lets nothing of a guest's reach the terminal but text", () => {
    expect(plain("\u001B[0;1;31mFAILED\u001B[0m\u0007 a\tb\u001B[2J\u001B]\u0008c\r\n")).toBe("FAILED a\tbc\n");
  });
});
