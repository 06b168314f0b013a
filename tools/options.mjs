// What each verb of start.mjs takes, checked before anything is installed. No dependencies.
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseArgs } from "node:util";

/** Parts of the benchmark; a test compares them with its own help. */
export const PARTS = [
  "packets",
  "deliveries",
  "counters",
  "schedule",
  "kit",
  "agent",
  "mint",
  "lists",
  "login",
  "no-op",
];

const JSON_FILE = /** @type {const} */ ({ json: { type: "string" } });
/** Of each verb: its options, and how it is called. `test` hands its words to vitest, which knows them. */
const VERBS = {
  demo: { options: JSON_FILE, usage: "npm run demo -- [--yes] [--json FILE]" },
  bench: {
    options: /** @type {const} */ ({
      ...JSON_FILE,
      quick: { type: "boolean" },
      only: { type: "string", multiple: true },
    }),
    usage: "npm run bench -- [--yes] [--quick] [--json FILE] [--only PART]…",
  },
  setup: { options: {}, usage: "npm run setup -- [--yes]" },
  clean: { options: {}, usage: "npm run clean" },
};

/**
 * What is wrong with the words after a verb, and how it is called; or nothing.
 *
 * @param {string} verb
 * @param {string[]} args without --yes
 * @param {string} root where files are written
 * @returns {string | undefined}
 */
export function usageProblem(verb, args, root) {
  const known = VERBS[/** @type {keyof typeof VERBS} */ (verb)];
  if (known === undefined) return undefined;
  const problem = wrong(args, known.options, root);
  return problem && `${verb}: ${problem}\nUsage: ${known.usage}`;
}

/** @param {string[]} args @param {import("node:util").ParseArgsConfig["options"]} options @param {string} root */
function wrong(args, options, root) {
  try {
    const { values } = parseArgs({ args, options });
    const { json, only } = /** @type {{ json?: string, only?: string[] }} */ (values);
    const unknown = only?.find((name) => !PARTS.includes(name));
    if (unknown !== undefined) return `--only ${unknown}: expected one of ${PARTS.join(", ")}`;
    if (json !== undefined && !existsSync(dirname(resolve(root, json))))
      return `--json ${json}: there is no such folder`;
    return undefined;
  } catch (error) {
    // Its second sentence is for whoever writes programs.
    return String(error instanceof Error ? error.message : error).replace(/\. [^]*/, "");
  }
}
