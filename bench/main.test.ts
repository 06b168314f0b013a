import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const MAIN = join(import.meta.dirname, "main.ts");

function bench(args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", env });
}

describe("npm run bench", () => {
  it("names every part in its help", () => {
    const { status, stdout } = bench(["--help"]);
    expect(status).toBe(0);
    for (const name of ["packets", "deliveries", "counters", "schedule", "kit", "agent", "mint", "login", "no-op"])
      expect(stdout).toContain(`\n                   ${name} `);
  });

  it("refuses a part and an option that it does not have", () => {
    const part = bench(["--only", "nothing"]);
    expect([part.status, part.stdout]).toEqual([64, ""]);
    expect(part.stderr).toContain("expected one of packets, ");
    expect(bench(["--wrong"]).status).toBe(64);
  });

  it("fails, and says why, when something could not be measured", () => {
    const { status, stdout, stderr } = bench(["--only", "packets", "--json", "-"], { PATH: "/nonexistent" });
    expect(status).toBe(70);
    expect(stderr).toContain("✗ packets could not be measured: ");
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      machine: { node: process.version, compiler: "no gcc" },
      rows: [],
      failures: [{ name: "packets", reason: expect.stringContaining("gcc") }],
    });
  });
});
