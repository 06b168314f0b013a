// Options that go to vitest, checked against its own help.
import { execa } from "execa";
import { ROOT } from "../cache.ts";

const kebab = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** @returns the first word that looks like an option and is none of vitest's */
export async function unknownOption(words: readonly string[]): Promise<string | undefined> {
  const options = words.filter((word) => /^--?[A-Za-z]/.test(word));
  if (options.length === 0) return undefined;
  const { stdout } = await execa("vitest", ["run", "--help", "--expand-help"], {
    cwd: ROOT,
    preferLocal: true,
    stdin: "ignore",
  });
  const known = new Set(
    [...stdout.matchAll(/(?<=^ {2}|, )--?([A-Za-z][\w.-]*)/gm)].map(([, name = ""]) => kebab(name)),
  );
  return options.find((option) => {
    const name = kebab(option.replace(/^--?/, "").replace(/=.*/s, ""));
    return !known.has(name) && !known.has(name.replace(/^no-/, "")) && !known.has(`no-${name}`);
  });
}
