/** What stands below the options in a command's help: its own examples. The overview has all of them, and the exit codes. */
import type { Command } from "commander";

const EXAMPLES = {
  "vm ls": [
    "bootseed vm ls",
    "bootseed vm ls --stack 'acme/*/prod' --state committed --older-than 1d",
    "bootseed vm ls --json --host ssh://mint@host.example.net",
  ],
  "vm show": ["bootseed vm show web-7", "bootseed vm show 203.0.113.7"],
  "vm approve": [
    "bootseed vm approve web-7",
    "bootseed vm approve web-7 SHA256:1P9Vb0WbnDbNwjQGhDYk42G+0XjdBK9Xm502J+vT70g",
  ],
  "vm acknowledge": ["bootseed vm acknowledge web-7"],
  "vm forget": ["bootseed vm forget web-7", "bootseed vm forget --stack acme/web/prod --unclaimed --older-than 30d"],
  wait: ["bootseed wait --stack acme/web/prod --timeout 3m", "bootseed wait web-7 --stack acme/web/prod"],
  "known-hosts": [
    "bootseed known-hosts >> ~/.ssh/known_hosts",
    'ssh -o KnownHostsCommand="$(command -v bootseed) known-hosts %H" -o StrictHostKeyChecking=yes root@192.0.2.7',
  ],
  sync: ["bootseed sync --stack acme/web/prod", "pulumi stack export | bootseed sync --stack acme/web/prod --export -"],
  userdata: [
    "bootseed userdata --template web.yaml --name web-7 --out web-7.user-data",
    "bootseed userdata --template web.yaml --name web-7 --format gzip --max 16k --out web-7.user-data",
  ],
  inject: ["bootseed inject --disk web-7.qcow2", "bootseed inject --root /mnt/web-7"],
} as const;

type Documented = keyof typeof EXAMPLES;

const listed = (lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}\n`).join("")}`;
const POINTER = "Without --host: BOOTSEED_HOST; without --token-file: BOOTSEED_TOKEN_FILE.";

/** What each means; exit-codes.test.ts holds this against what happens. */
const EXIT_CODES = `
Exit codes:
  0   done
  64  wrong usage
  65  refused for what it is: a template or an export of unknown kind, something too large, an image that is in use or
      damaged, another certificate than the pin, no proof of a first boot, a name or address that several VMs have
  66  no such VM, stack or file; no system in the image
  69  the host is away, or has no entropy to give
  70  a fault in bootseed itself
  74  input or output; a program that is not installed
  75  not yet: try again
  76  host and client do not understand each other
  77  not permitted (socket, ssh key, token, stack, role)
  78  the token file holds no token
`;

/** Below `bootseed --help`. */
export const OVERVIEW: string = `${listed(Object.values(EXAMPLES).flat())}
Every command: --host URL (else BOOTSEED_HOST, else the socket of this machine), --token-file FILE (else BOOTSEED_TOKEN_FILE).
${EXIT_CODES}`;

/**
 * @param name the command's words
 * @param codes what its exit codes mean, where scripts go by them
 */
export function withExamples(command: Command, name: Documented, codes: string = ""): Command {
  const pointer = `${POINTER} ${codes === "" ? "Exit codes" : "Other exit codes"}: bootseed --help`;
  return command.addHelpText("after", `${listed(EXAMPLES[name])}${codes === "" ? "" : `\n${codes}`}\n${pointer}`);
}

/** A command that only holds others together. */
export const withExamplesOf = (command: Command, names: readonly Documented[]): Command =>
  command.addHelpText("after", listed(names.flatMap((name) => EXAMPLES[name])));
