import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { artifact } from "./cache.ts";

let root: string;
const before = process.env["BOOTSEED_CACHE"];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootseed-cache-"));
  process.env["BOOTSEED_CACHE"] = root;
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
  if (before === undefined) delete process.env["BOOTSEED_CACHE"];
  else process.env["BOOTSEED_CACHE"] = before;
});
const write = (text: string) => async (dir: string) => writeFileSync(join(dir, "f"), text);

describe("artifact", () => {
  it("builds once for one recipe and anew for another, dropping the old one", async () => {
    let builds = 0;
    const spec = (recipe: string) => ({
      name: "thing",
      recipe: [recipe],
      build: async (dir: string) => {
        builds++;
        await write(recipe)(dir);
      },
    });
    const a = await artifact(spec("a"));
    expect(await artifact(spec("a"))).toBe(a);
    expect(builds).toBe(1);
    const b = await artifact(spec("b"));
    expect(readFileSync(join(b, "f"), "utf8")).toBe("b");
    expect(existsSync(a)).toBe(false);
  });

  it("leaves nothing of a failed build and says why", async () => {
    const build = async (dir: string) => {
      await write("half")(dir);
      throw new Error("no room");
    };
    await expect(artifact({ name: "thing", recipe: ["a"], build })).rejects.toThrow(
      "thing could not be built: no room",
    );
    expect(readdirSync(root)).toEqual([]);
  });

  it("builds anew after a set-up that was killed half-way", async () => {
    const script = join(import.meta.dirname, "cache.ts");
    const killed = spawn(process.execPath, [
      "--input-type=module",
      "-e",
      `import { writeFileSync } from "node:fs"; import { artifact } from ${JSON.stringify(script)};
       await artifact({ name: "thing", recipe: ["a"], build: async (d) => { writeFileSync(d + "/f", "half"); console.log("half"); await new Promise((r) => setTimeout(r, 60000)); } });`,
    ]);
    await once(killed.stdout, "data");
    killed.kill("SIGKILL");
    await once(killed, "close");
    expect(readdirSync(root).some((f) => f.endsWith(".partial"))).toBe(true);
    const dir = await artifact({ name: "thing", recipe: ["a"], build: write("whole") });
    expect(readFileSync(join(dir, "f"), "utf8")).toBe("whole");
    expect(readdirSync(root)).toHaveLength(1);
  });

  it("lets a second builder wait for the first", async () => {
    let running = 0;
    let most = 0;
    const build = async (dir: string) => {
      most = Math.max(most, ++running);
      await new Promise((r) => setTimeout(r, 50));
      running--;
      await write("x")(dir);
    };
    const dirs = await Promise.all([1, 2].map(() => artifact({ name: "thing", recipe: ["a"], build })));
    expect(new Set(dirs).size).toBe(1);
    expect(most).toBe(1);
  });
});
