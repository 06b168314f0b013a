// `npm test`: set-up, then vitest over all projects but `long` (--quick: gates and unit only; --long: `long` only). Failed files of drills,
// engine and vm run a second time (run.ts). The last line is the count.
import { mkdirSync } from "node:fs";
import { cacheRoot, ROOT } from "../cache.ts";
import { ensureLinters } from "../setup/linters.ts";
import { orExit, say, setUp } from "../setup/set-up.ts";
import { unknownOption } from "./options.ts";
import { runSuite } from "./run.ts";

const EX_USAGE = 64;

const args = process.argv.slice(2);
const quick = args.includes("--quick");
const long = args.includes("--long");
const projects = long ? ["long"] : quick ? ["gates", "unit"] : ["gates", "unit", "drills", "engine", "vm"];
const words = args.filter((a) => a !== "--quick" && a !== "--long");
// Before a set-up of minutes.
const unknown = await unknownOption(words);
if (unknown !== undefined) {
  process.stderr.write(`npm test: vitest has no option ${unknown}: \`npx vitest --help\` lists them\n`);
  process.exit(EX_USAGE);
}
mkdirSync(cacheRoot(), { recursive: true });
if (quick) await orExit(ensureLinters(say));
else if (!long) await orExit(setUp());
process.exit(await runSuite({ root: ROOT, cache: cacheRoot(), projects, words }, say));
