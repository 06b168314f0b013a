import { existsSync } from "node:fs";
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
