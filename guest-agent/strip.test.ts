/** What the packer rejects: the kit's own tests run its sources, so a name that packing broke would fail on VMs only. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let kit: string;
beforeEach(() => {
  kit = mkdtempSync(join(tmpdir(), "bootseed-strip-"));
  cpSync(join(import.meta.dirname, "kit"), kit, { recursive: true });
});
afterEach(() => rmSync(kit, { recursive: true }));

/** Packs the kit with one more module. */
function strip(module: string): { status: number | null; error: string } {
  writeFileSync(join(kit, "bootseed", "planted.py"), module);
  const command = ["-sEB", join(import.meta.dirname, "strip.py"), kit];
  const run = spawnSync("/usr/bin/python3", command, { input: "{}", encoding: "utf8", timeout: 120_000 });
  return { status: run.status, error: run.stderr };
}

describe("strip.py", () => {
  it("packs a module with lambdas and comprehensions", () => {
    const module = "def planted(items):\n    return sorted((one for one in items), key=lambda one: -one)\n";
    expect(strip(module)).toEqual({ status: 0, error: "" });
  });

  it.each([
    [
      "a function in a function",
      "def planted(one):\n    def inner(two):\n        return one\n    return inner\n",
      "planted.py, line 2: a function or class in a function cannot be packed",
    ],
    [
      "a function in a method",
      "class Planted:\n    def method(self):\n        def inner():\n            pass\n        return inner\n",
      "planted.py, line 3: a function or class in a function cannot be packed",
    ],
    [
      "a class in a function",
      "def planted():\n    class Inner:\n        pass\n    return Inner\n",
      "planted.py, line 2: a function or class in a function cannot be packed",
    ],
    [
      "a lambda outside of functions",
      "PLANTED = lambda host: host\n",
      "a lambda outside of functions cannot be packed",
    ],
    [
      "global",
      "PLANTED = 0\ndef planted():\n    global PLANTED\n    PLANTED = 1\n",
      "global or nonlocal cannot be packed",
    ],
    ["a name that is not defined", "def planted():\n    return missing_name\n", "missing_name is not defined"],
    ["such a name at the top level", "PLANTED = missing_name\n", "missing_name is not defined"],
    [
      "such a name in a lambda",
      "def planted():\n    return lambda one: one + missing_name\n",
      "missing_name is not defined",
    ],
  ])("rejects %s", (_, module, error) => {
    const run = strip(module);
    expect(run.status).toBe(1);
    expect(run.error).toContain(error);
    expect(run.error).not.toContain("Traceback");
  });
});
