import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";

const ROOT = join(import.meta.dirname, "../..");
const PROGRAMS = [
  ["bootseed", "seeder/cli/main.ts"],
  ["bootseed-host", "hwrng-host/main.ts"],
  ["local-cloud", "local-cloud/main.ts"],
] as const;
const dir = mkdtempSync(join(tmpdir(), "bootseed-completion-"));
const at = (...names: string[]): string => join(dir, ...names);

beforeAll(() => {
  mkdirSync(at("files"));
  for (const name of ["a space.txt", "star[x]*.txt", "starx-.txt"]) writeFileSync(at("files", name), "");
  for (const [name, main] of PROGRAMS)
    for (const shell of ["bash", "zsh"]) {
      const { stdout, status, stderr } = spawnSync(process.execPath, [join(ROOT, main), "completion", shell], {
        encoding: "utf8",
      });
      expect([status, stderr]).toEqual([0, ""]);
      writeFileSync(at(`${name}.${shell}`), stdout);
    }
});
afterAll(() => rmSync(dir, { recursive: true }));

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** What bash offers after the words of each line, by the script that the program prints. */
function offered(name: string, ...lines: string[][]): string[][] {
  const asks = lines.map(
    (words) => `COMP_WORDS=(${[name, ...words].map(quoted).join(" ")}) COMP_CWORD=${words.length}
_${name.replaceAll("-", "_")}; printf '%s\\n' "\${COMPREPLY[@]}"; echo end of a line`,
  );
  const script = `. ${quoted(at(`${name}.bash`))}\n${asks.join("\n")}`;
  const bash = spawnSync("bash", ["-c", script], { encoding: "utf8", cwd: at("files") });
  expect(bash.stderr).toBe("");
  const answers = bash.stdout.split("end of a line\n").slice(0, -1);
  return answers.map((answer) => answer.trim().split("\n"));
}

it.each(PROGRAMS)("bash offers every command of %s and its options, below the words that are there", (name) => {
  const [first = []] = offered(name, [""]);
  expect(first).toEqual(expect.arrayContaining(["completion", "--help"]));
  const commands = first.filter((word) => !word.startsWith("-"));
  const below = offered(name, ...commands.map((command) => [command, "--he"]));
  expect(below).toEqual(commands.map(() => ["--help"]));
});

it("bash goes below a command, over its options, and offers files where nothing fits, each whole", () => {
  expect(
    offered(
      "bootseed-host",
      ["join-token", ""],
      ["join-token", "add", "--name", "db-1", "--st"],
      ["backup", "--out", "a"],
      ["backup", "--out", "star"],
      ["backup", "--out", "nothing"],
    ),
  ).toEqual([
    ["add", "ls", "revoke", "--help"],
    ["--stack"],
    ["a space.txt"],
    expect.toSatisfy((files: string[]) => files.toSorted().join() === "star[x]*.txt,starx-.txt"),
    [""],
  ]);
});

/** A zsh at a terminal of its own, in which a user types each line and a tab; prints what stands on the line then. */
const TYPED = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; unsetopt zle_bracketed_paste; PATH_WAS=$PATH; source '"$1"
zpty -w shell 'show() { print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N show; bindkey "^X" show'
zpty -w shell 'print REA""DY'
zpty -r shell out '*READY*'
for line in "\${@:2}"; do
  zpty -w -n shell "$line"$'\\t\\x18'
  zpty -r shell out '*<<*>>*'
  print -r -- \${\${out##*<<}%%>>*}
done
zpty -w shell '[[ $PATH == $PATH_WAS ]] && print PA""TH the same'
zpty -r shell out '*PATH the same*' && print same PATH
`;
const hasZsh = prerequisite(spawnSync("zsh", ["--version"]).status === 0, "expected zsh: apt-get install zsh");

describe.runIf(hasZsh)("zsh", () => {
  it.each([
    [
      "bootseed",
      {
        "known-ho": "known-hosts",
        "vm forg": "vm forget",
        "vm ls --stal": "vm ls --stale",
      },
    ],
    [
      "bootseed-host",
      {
        "join-token a": "join-token add",
        "join-token add --name db-1 --st": "join-token add --name db-1 --stack",
        "backup --out a": "backup --out a\\ space.txt",
        "backup --out starx": "backup --out starx-.txt",
      },
    ],
    ["local-cloud", { serv: "serve" }],
  ] as const)("completes a typed line of %s by its commands, options and files", (name, lines) => {
    writeFileSync(at("type.zsh"), TYPED);
    const typed = Object.keys(lines).map((line) => `${name} ${line}`);
    const { stdout } = spawnSync("zsh", ["-f", at("type.zsh"), at(`${name}.zsh`), ...typed], {
      encoding: "utf8",
      cwd: at("files"),
      env: { ...process.env, HOME: dir, TERM: "dumb" },
    });
    const shown = stdout.trim().split("\n");
    expect(shown.map((line) => line.trim())).toEqual([
      ...Object.values(lines).map((line) => `${name} ${line}`),
      "same PATH",
    ]);
  });
});
