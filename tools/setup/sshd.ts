import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { artifact, type Progress } from "../cache.ts";
import { unpackPackages } from "../causal/packages.ts";

const SYSTEM = "/usr/sbin/sshd";
const PACKAGES = ["openssh-server", "libwrap0", "libnsl2"];

/** A real sshd that nobody has to install: Debian's package would open port 22 on the developer's machine. */
export interface Sshd {
  readonly path: string;
  /** for LD_LIBRARY_PATH; empty where it is installed */
  readonly libraries: string;
}

/** The installed one, or Debian's, unpacked. @throws Error when apt cannot fetch it */
export async function ensureSshd(progress: Progress = () => undefined): Promise<Sshd> {
  if (existsSync(SYSTEM)) return { path: SYSTEM, libraries: "" };
  const dir = await artifact(
    { name: "sshd", recipe: PACKAGES, build: async (target) => void (await unpackPackages(target, PACKAGES)) },
    progress,
  );
  return { path: join(dir, "root/usr/sbin/sshd"), libraries: join(dir, "root/usr/lib/x86_64-linux-gnu") };
}

/**
 * Run by root, sshd changes to a user of its own before it knows the client. Debian's package makes that user and its
 * folder; without the package, the user exists for one process.
 *
 * @param dir a folder of the caller's own
 * @returns words to put before the program; empty where none are needed
 */
export function withSshdUser(dir: string): string[] {
  if (process.getuid?.() !== 0) return [];
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const passwd = readFileSync("/etc/passwd", "utf8");
  if (/^sshd:/m.test(passwd)) return [];
  const own = join(dir, "passwd");
  writeFileSync(own, `${passwd}sshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n`);
  return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', own];
}
