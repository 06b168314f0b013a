/** Types of bootstrap.mjs, which must run on Node 20 as it is. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly osRelease: string;
}
export function missingPackages(extent: "quick" | "drills" | "all"): string[];
export function unsupported(here?: Machine): string | undefined;
export function aptCommand(packages: string[]): string[];
