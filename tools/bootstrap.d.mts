/** Types of bootstrap.mjs, which must run on Node 20 as it is. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly osRelease: string;
}
export function missingPackages(extent: "quick" | "drills" | "all"): string[];
export function rootBy(): "root" | "sudo" | "none";
export function mayUseNamespaces(): boolean;
export function missingPrerequisite(here: {
  readonly root: "root" | "sudo" | "none";
  readonly packages: string[];
  readonly npm: boolean;
  readonly image: boolean;
  readonly namespaces: () => boolean;
}): string | undefined;
export function imageBuilder(
  root?: "root" | "sudo" | "none",
  namespaces?: () => boolean,
): "root" | "namespace" | "sudo";
export function unsupported(here?: Machine): string | undefined;
export function aptCommand(packages: string[]): string[];
