// `npm test`: set-up, then vitest over all projects but `long` (--quick: gates and unit only; --long: `long` only). Failed files of drills,
// engine and vm run a second time (run.ts). The last line is the count.
import { mkdirSync } from "node:fs";
import { cacheRoot, ROOT } from "../cache.ts";
import { ensureLinters } from "../setup/linters.ts";
import { orExit, say, setUp } from "../setup/set-up.ts";
import { runSuite } from "./run.ts";

const args = process.argv.slice(2);
const quick = args.includes("--quick");
const long = args.includes("--long");
const projects = long ? ["long"] : quick ? ["gates", "unit"] : ["gates", "unit", "drills", "engine", "vm"];
mkdirSync(cacheRoot(), { recursive: true });
if (quick) await orExit(ensureLinters(say));
else if (!long) await orExit(setUp());

const words = args.filter((a) => a !== "--quick" && a !== "--long");
process.exit(await runSuite({ root: ROOT, cache: cacheRoot(), projects, words }, say));
