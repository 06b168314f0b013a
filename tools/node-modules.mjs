// Whether node_modules is what `npm ci` would make of package-lock.json. When in doubt: no. No dependencies.
import { lstatSync, readFileSync } from "node:fs";

/**
 * An entry of "packages" in a lock file, as far as it matters here (package-lock.json(5)).
 *
 * @typedef {{
 *   version?: string, resolved?: string, integrity?: string, optional?: boolean, link?: boolean, os?: string | string[], cpu?: string | string[], libc?: string | string[],
 *   dependencies?: Record<string, string>, optionalDependencies?: Record<string, string>,
 * }} Entry
 */

/** The systems that start.mjs supports have glibc. */
const LIBC = "glibc";

/**
 * npm writes node_modules/.package-lock.json when all else is in place: what it has installed, in the words of
 * package-lock.json. It counts if it says the same of every package, leaves out only what is for other machines, and no
 * package is gone or was touched since: npm itself trusts it on those terms.
 *
 * @param {string} root of the repository, with a slash at its end
 * @param {{ platform: string, arch: string }} [machine]
 * @returns {boolean}
 */
export function nodeModulesFresh(root, machine = process) {
  try {
    const hidden = `${root}node_modules/.package-lock.json`;
    const [wanted, installed] = [packages(`${root}package-lock.json`), packages(hidden)];
    delete wanted[""];
    for (const [path, entry] of Object.entries(wanted)) {
      const found = installed[path];
      if (found === undefined ? !isForOthers(path, entry, installed, machine) : !same(found, entry)) return false;
    }
    // The first that is asked for when all is well.
    lstatSync(`${root}node_modules/.bin/node`);
    const since = lstatSync(hidden).mtimeMs;
    return Object.entries(installed).every(([path, { link }]) => path in wanted && isInPlace(root, path, link, since));
  } catch {
    return false;
  }
}

/** @param {string} file @returns {Record<string, Entry>} */
const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;

/** What decides the content, and no more: npm 10 leaves `libc` out of what it has installed. */
const CONTENT = /** @type {const} */ (["version", "resolved", "integrity", "link"]);

/** @param {Entry} a @param {Entry} b */
const same = (a, b) => CONTENT.every((key) => a[key] === b[key]);

/**
 * Left out rightly: optional, and for another machine, or only wanted by what was left out itself.
 *
 * @param {string} path @param {Entry} entry @param {Record<string, Entry>} installed @param {{ platform: string, arch: string }} machine
 */
function isForOthers(path, entry, installed, { platform, arch }) {
  if (entry.optional !== true) return false;
  const { os, cpu, libc } = entry;
  if (!fits(os, platform) || !fits(cpu, arch) || !fits(libc, LIBC)) return true;
  if (os !== undefined || cpu !== undefined || libc !== undefined) return false;
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  return !Object.values(installed).some(
    ({ dependencies = {}, optionalDependencies = {} }) => name in dependencies || name in optionalDependencies,
  );
}

/** @param {string | string[] | undefined} list as in package.json(5): names, or names with ! @param {string} here */
function fits(list, here) {
  const names = list === undefined ? [] : [list].flat();
  if (names.includes(`!${here}`)) return false;
  const positive = names.filter((name) => !name.startsWith("!"));
  return positive.length === 0 || positive.includes(here);
}

/** @param {string} root @param {string} path @param {boolean | undefined} link @param {number} since milliseconds */
function isInPlace(root, path, link, since) {
  const stat = lstatSync(root + path);
  if (link === true) return stat.isSymbolicLink();
  // A workspace changes all the time.
  return stat.isDirectory() && (!path.includes("node_modules/") || stat.mtimeMs <= since);
}
