/** `completion bash|zsh`: a shell's completion of a program's own commands and options, read off its commander tree. */
import { Argument, type Command } from "commander";

type Shell = "bash" | "zsh";

/** Each command's words, such as " vm ls", and what may follow them. */
function followers(command: Command, words = ""): [string, string[]][] {
  const options = command.options.flatMap(({ long, hidden }) => (hidden || long === undefined ? [] : [long]));
  const names = command.commands.map((one) => one.name());
  const own: [string, string[]] = [words, [...names, ...options, "--help"]];
  return [own, ...command.commands.flatMap((one) => followers(one, `${words} ${one.name()}`))];
}

/** The lines that find what may follow the words that are typed: `at` and `next`. Other names are special in zsh (path, words). */
function finding(program: Command, first: number, count: string, typed: string): string[] {
  const all = followers(program);
  return [
    "  local at='' next='' word i",
    `  for ((i = ${first}; i < ${count}; i++)); do`,
    `    word=\${${typed}[i]}`,
    `    case "$at $word" in ${all
      .slice(1)
      .map(([words]) => `'${words}'`)
      .join(" | ")}) at="$at $word" ;; esac`,
    "  done",
    '  case "$at" in',
    ...all.map(([words, next]) => `    '${words}') next='${next.join(" ")}' ;;`),
    "  esac",
  ];
}

/** Its files are read line by line: a word of an unquoted $(…) would be torn at spaces and expanded as a pattern. */
const bash = (own: string, program: Command): string[] => [
  `${own}() {`,
  "  local cur=${COMP_WORDS[COMP_CWORD]}",
  ...finding(program, 1, "COMP_CWORD", "COMP_WORDS"),
  '  mapfile -t COMPREPLY < <(compgen -W "$next" -- "$cur")',
  '  [ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$cur")',
  "}",
  `complete -o filenames -F ${own} ${program.name()}`,
];

const zsh = (own: string, program: Command): string[] => [
  "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }",
  `${own}() {`,
  ...finding(program, 2, "CURRENT", "words"),
  "  compadd -- ${=next} || _files",
  "}",
  `compdef ${own} ${program.name()}`,
];

/** @returns a script to be sourced; where nothing of the program fits, files are completed */
export function completionScript(program: Command, shell: Shell): string {
  const own = `_${program.name().replaceAll("-", "_")}`;
  return `${(shell === "zsh" ? zsh : bash)(own, program).join("\n")}\n`;
}

/** Adds `completion` to a program whose other commands are there. */
export function addCompletion(program: Command, out: (text: string) => void): Command {
  return program
    .command("completion")
    .description("completion for a shell: source <(... completion bash)")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh"]))
    .action((shell: Shell) => out(completionScript(program, shell)));
}
