import type { Engine } from "../setup/engine.ts";

/** All that a demo run found out: the content of `--json FILE`. */
export interface DemoResult {
  readonly schema: 1;
  causal: { case: string; seed: string; hostKey: string }[];
  vms: DemoVm[];
  steps: { name: string; seconds: number }[];
  sizes: { userDataBytes: number; packetBytes: number } | undefined;
  pulumi: Pick<Engine, "languageHost" | "provider"> & { engine: string };
  hostDown: { noOpPassed: boolean; createRefused: string } | undefined;
}

export interface DemoVm {
  readonly name: string;
  readonly verdict: string;
  /** SSH host keys that were there before the seed was in */
  readonly hostKeysBefore: number;
  /** `final`, or the state in which the host left it */
  readonly claim: string;
  readonly firstLogin: { readonly answer: string; readonly seconds: number };
  readonly topUp: { readonly counter: number; readonly rcMix: number | null; readonly rcReseed: number | null } | null;
  readonly sourceClass: string;
  readonly hostKeys: readonly string[];
  /** seconds since the guest kernel's start */
  readonly timeline: readonly (readonly [string, number])[];
}

export const emptyResult = (engine: Engine): DemoResult => ({
  schema: 1,
  causal: [],
  vms: [],
  steps: [],
  sizes: undefined,
  pulumi: {
    engine: `${engine.version} (${engine.kind})`,
    languageHost: engine.languageHost,
    provider: engine.provider,
  },
  hostDown: undefined,
});
