import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const exec = promisify(execFile);

/** Runs a program to its end and returns what it printed; an error carries the end of its stderr, or what to install if it is missing. */
export async function capture(file: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await exec(file, args, { ...(cwd === undefined ? {} : { cwd }), maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (cause) {
    const { code, stderr } = cause as { code?: unknown; stderr?: string };
    if (code === "ENOENT") throw new Error(`${file} is not installed: run \`npm run setup\``, { cause });
    throw new Error(
      `${file} ${args.slice(0, 3).join(" ")} … failed (${String(code)}): ${(stderr ?? "").trim().slice(-400)}`,
      { cause },
    );
  }
}

/**
 * Fetches Debian packages into `dir` with the machine's own apt configuration and unpacks them into `dir/root`; nothing is installed.
 *
 * @returns the folder that holds the unpacked files
 * @throws Error when apt has no package lists (fix: `apt-get update`) or a package cannot be fetched
 */
export async function unpackPackages(dir: string, packages: readonly string[]): Promise<string> {
  // as root, apt would drop to a user that cannot write here, and warn
  await capture("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", ...packages], dir);
  const root = join(dir, "root");
  for (const deb of readdirSync(dir).filter((name) => name.endsWith(".deb")))
    await capture("dpkg", ["-x", join(dir, deb), root]);
  return root;
}

/** The package behind `linux-image-cloud-amd64`: Debian's current cloud kernel, such as `linux-image-6.1.0-56-cloud-amd64`. */
export async function cloudKernelPackage(): Promise<string> {
  const text = await capture("apt-cache", ["depends", "linux-image-cloud-amd64"]).catch((cause: unknown) => {
    throw new Error(
      "apt knows no linux-image-cloud-amd64: run `apt-get update` on a Debian 12 amd64 machine, then again",
      { cause },
    );
  });
  const found = /Depends: (linux-image-[0-9]\S*)/.exec(text)?.[1];
  if (found === undefined)
    throw new Error("expected linux-image-cloud-amd64 to depend on a kernel package; run `apt-get update`, then again");
  return found;
}
