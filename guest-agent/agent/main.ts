/** `bootseed-agent VERB [OPTIONS]`: one file once it is bundled, without what no verb uses. */
import { EXIT, exitForError } from "./exit.ts";
import { printJson, printText, say } from "./output.ts";
import { codeOf, messageOf } from "./refusal.ts";
import { HELP, type Verb, VERB_HELP, VERBS } from "./usage.ts";
import { contextFor } from "./verbs/context.ts";
import { doctor } from "./verbs/doctor.ts";
import { generalize } from "./verbs/generalize.ts";
import { joinVerb } from "./verbs/join.ts";
import { listenVerb } from "./verbs/listen.ts";
import { status } from "./verbs/status.ts";
import { topup } from "./verbs/topup.ts";
import { VERSION } from "./version.ts";

const isVerb = (word: string | undefined): word is Verb => VERBS.some((verb) => verb === word);

/** As in other programs. */
const SHORT: Readonly<Record<string, string>> = { "-h": "--help", "-V": "--version" };

/** Takes the options of every verb out of the line. */
function common(argv: readonly string[]): {
  json: boolean;
  help: boolean;
  version: boolean;
  root: string;
  rest: string[];
} {
  const found = { json: false, help: false, version: false, root: "", rest: [] as string[] };
  const words = [...argv];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    const long = SHORT[word] ?? word;
    if (long === "--json" || long === "--help" || long === "--version") found[long.slice(2) as "json"] = true;
    else if (word === "--root") found.root = words.shift() ?? "";
    else if (word.startsWith("--root=")) found.root = word.slice("--root=".length);
    else found.rest.push(word);
  }
  return found;
}

async function run(argv: readonly string[]): Promise<number> {
  const { json, help, version, root, rest } = common(argv);
  const asked = rest[0] === "help";
  const [verb, ...args] = asked ? rest.slice(1) : rest;
  if (version) printText(`${VERSION}\n`);
  else if (help || asked) printText(isVerb(verb) ? VERB_HELP[verb] : HELP);
  if (version || help || asked) return EXIT.ok;
  if (!isVerb(verb)) {
    if (verb === undefined) process.stderr.write(HELP);
    else say(`bootseed-agent: no verb ${verb}: expected ${VERBS.join(", ")}`);
    return EXIT.usage;
  }
  const context = contextFor(root, json);
  switch (verb) {
    case "status":
      return status(context, args);
    case "topup":
      return topup(context, args);
    case "join":
      return joinVerb(context, args);
    case "listen":
      return listenVerb(context, args, process.env);
    case "generalize":
      return generalize(context, args);
    case "doctor":
      return doctor(context, args);
    default:
      return verb satisfies never;
  }
}

const argv = process.argv.slice(2);
try {
  process.exitCode = await run(argv);
} catch (error) {
  const exit = exitForError(error);
  say(`bootseed-agent: ${messageOf(error)}`);
  if (exit === EXIT.software && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (argv.includes("--json")) printJson({ error: { code: codeOf(error), message: messageOf(error) } });
  process.exitCode = exit;
}
