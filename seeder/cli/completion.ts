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

/**
 * @param shell zsh reads bash's completion by its bashcompinit
 * @returns a script to be sourced; where nothing of the program fits, files are completed
 */
export function completionScript(program: Command, shell: Shell): string {
  const name = program.name();
  const own = `_${name.replaceAll("-", "_")}`;
  const cases = followers(program).map(([words, next]) => `    '${words}') words='${next.join(" ")}' ;;`);
  const paths = followers(program).map(([words]) => `'${words}'`);
  const lines = [
    ...(shell === "zsh"
      ? ["autoload -U +X compinit && compinit -i", "autoload -U +X bashcompinit && bashcompinit"]
      : []),
    `${own}() {`,
    "  local cur=${COMP_WORDS[COMP_CWORD]} path='' words='' word i",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    "    word=${COMP_WORDS[i]}",
    `    case "$path $word" in ${paths.slice(1).join(" | ")}) path="$path $word" ;; esac`,
    "  done",
    '  case "$path" in',
    ...cases,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$cur"))',
    '  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$cur"))',
    "}",
    `complete -o filenames -F ${own} ${name}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Adds `completion` to a program whose other commands are there. */
export function addCompletion(program: Command, out: (text: string) => void): Command {
  return program
    .command("completion")
    .description("completion for a shell: source <(... completion bash)")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh"]))
    .action((shell: Shell) => out(completionScript(program, shell)));
}
