/** What `npm ci --omit=dev` installs for a host: nothing of tests, of a cloud or of TypeScript, and its programs start with it. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";
import { ROOT } from "../../tools/cache.ts";

type Locked = { readonly dev?: true; readonly devOptional?: true; readonly link?: true; readonly resolved?: string };

const TOOLING =
  /pulumi|opentelemetry|grpc|google|typescript|@types|vitest|esbuild|lint|prettier|node-gyp|npmcli|sigstore|execa/;

/** Folders of packages in node_modules that are no development dependencies, and links to workspaces. */
function installed(): [string, Locked][] {
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, Locked>;
  };
  return Object.entries(lock.packages).filter(
    ([path, { dev, devOptional }]) => path.includes("node_modules/") && dev !== true && devOptional !== true,
  );
}

it("no package of tests, of a cloud or of TypeScript is in a host's production tree", () => {
  const paths = installed().map(([path]) => path);
  expect(paths).toEqual(expect.arrayContaining(["node_modules/hono", "node_modules/age-encryption"]));
  expect(paths.filter((path) => TOOLING.test(path))).toEqual([]);
});

it("bootseed-host and bootseed start with what is in that tree", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bootseed-install-"));
  try {
    const { stdout } = await execa(
      "git",
      ["ls-files", "-co", "--exclude-standard", "hwrng-host", "seeder", "protocol"],
      { cwd: ROOT },
    );
    for (const file of stdout.split("\n").filter((name) => !name.endsWith(".test.ts")))
      cpSync(join(ROOT, file), join(folder, file));
    for (const [path, { link, resolved }] of installed()) {
      if (path.lastIndexOf("node_modules/") !== 0 || path.includes("node-linux")) continue;
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      symlinkSync(link === true ? join(folder, resolved ?? "") : join(ROOT, path), join(folder, path));
    }
    const run = async (...words: string[]): Promise<number | undefined> =>
      (await execa(process.execPath, words, { cwd: folder, reject: false, stdin: "ignore" })).exitCode;
    expect(await run("hwrng-host/main.ts", "--version")).toBe(0);
    expect(await run("seeder/cli/main.ts", "--version")).toBe(0);
    expect(await run("seeder/cli/main.ts", "vm", "ls", "--host", `unix://${folder}/none`)).toBe(69);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
