import { copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { artifact, type Progress } from "../cache.ts";
import { cloudKernelPackage, unpackPackages } from "./packages.ts";

/**
 * Debian's cloud kernel, unpacked and not installed, as the folder that holds `vmlinuz`. About 5 s the first time.
 *
 * @example const kernel = join(await ensureKernel(), "vmlinuz");
 */
export async function ensureKernel(progress?: Progress): Promise<string> {
  return artifact({ name: "kernel", recipe: ["linux-image-cloud-amd64", "1"], build: buildKernel }, progress);
}

async function buildKernel(dir: string, progress: Progress): Promise<void> {
  const name = await cloudKernelPackage();
  progress(`fetching ${name}`);
  const work = mkdtempSync(join(dir, "work-"));
  const boot = join(await unpackPackages(work, [name]), "boot");
  const image = readdirSync(boot).find((file) => file.startsWith("vmlinuz-"));
  if (image === undefined) throw new Error(`${name} holds no /boot/vmlinuz-*`);
  copyFileSync(join(boot, image), join(dir, "vmlinuz"));
  rmSync(work, { recursive: true });
}
