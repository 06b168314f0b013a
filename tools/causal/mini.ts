import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { artifact, ROOT, type Progress } from "../cache.ts";
import { ensureKernel } from "./kernel.ts";
import { capture, unpackPackages } from "./packages.ts";

const INIT_C = join(ROOT, "tools/causal/init.c");
const PYTHON_PACKAGES = ["python3.11-minimal", "libpython3.11-minimal", "libpython3.11-stdlib"];
/** Parts of python's library that a first-boot hook never imports: left out, as every megabyte is unpacked by an emulated processor. */
const LIBRARY_UNUSED =
  "test idlelib tkinter turtledemo lib2to3 ensurepip distutils pydoc_data unittest wsgiref xmlrpc sqlite3 asyncio curses venv dbm".split(
    " ",
  );

/**
 * The mini VM as the folder that holds `vmlinuz` and its base initramfs, `initrd`: our PID 1, Debian's python3 and its library, the real ssh-keygen and
 * the shared libraries of both. The kit itself is not in it: each run appends it, so that a change of the kit never needs a new build.
 */
export async function ensureMini(progress?: Progress): Promise<string> {
  const recipe = [readFileSync(INIT_C, "utf8"), ...PYTHON_PACKAGES, ...LIBRARY_UNUSED, "2"];
  return artifact({ name: "mini", recipe, build: buildMini }, progress);
}

async function buildMini(dir: string, progress: Progress): Promise<void> {
  copyFileSync(join(await ensureKernel(progress), "vmlinuz"), join(dir, "vmlinuz"));
  const work = mkdtempSync(join(dir, "work-"));
  const root = join(work, "initramfs");
  for (const folder of ["usr/bin", "usr/lib", "etc"]) mkdirSync(join(root, folder), { recursive: true });
  await capture("gcc", ["-O2", "-static", "-o", join(root, "init"), INIT_C]);
  progress("fetching python3.11");
  const python = join(await unpackPackages(work, PYTHON_PACKAGES), "usr");
  copyFileSync(join(python, "bin/python3.11"), join(root, "usr/bin/python3"));
  copyFileSync("/usr/bin/ssh-keygen", join(root, "usr/bin/ssh-keygen"));
  const library = join(root, "usr/lib/python3.11");
  cpSync(join(python, "lib/python3.11"), library, { recursive: true, verbatimSymlinks: true });
  for (const name of readdirSync(library))
    if (LIBRARY_UNUSED.includes(name) || name.startsWith("config-")) rmSync(join(library, name), { recursive: true });
  // .pyc in place of .py: compiling under emulation costs seconds; unchecked, because the archive's times are not the files' own
  const compiler = join(root, "usr/bin/python3");
  await capture(compiler, [
    "-I",
    "-m",
    "compileall",
    "-q",
    "-b",
    "--invalidation-mode",
    "unchecked-hash",
    library,
  ]).catch(() => undefined);
  progress("collecting libraries");
  await copyLibraries(root, [join(root, "usr/bin/ssh-keygen"), compiler, ...extensionModules(library)]);
  dropSources(library);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/:/bin/sh\n");
  await capture("sh", [
    "-c",
    'cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible > "$2"',
    "sh",
    root,
    join(dir, "initrd"),
  ]);
  rmSync(work, { recursive: true });
}

function extensionModules(library: string): string[] {
  const folder = join(library, "lib-dynload");
  return readdirSync(folder).map((name) => join(folder, name));
}

/** Copies every shared library that the programs name, by its own path, links followed. */
async function copyLibraries(root: string, programs: readonly string[]): Promise<void> {
  for (const program of programs) {
    const text = await capture("ldd", [program]);
    for (const [path] of text.matchAll(/\/\S+/g)) {
      const target = join(root, path);
      if (path.startsWith(root) || !existsSync(path) || existsSync(target)) continue;
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(path, target);
      chmodSync(target, 0o755);
    }
  }
}

function dropSources(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && entry.name.endsWith(".py") && existsSync(`${path}c`)) rmSync(path);
  }
}
