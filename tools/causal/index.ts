/** The causal proof: repeatable boots of a mini VM in which the shipped kit mixes a real seed and the real ssh-keygen makes a key. */
export { ensureKernel } from "./kernel.ts";
export { ensureMini } from "./mini.ts";
export type { CausalCase, CausalRow } from "./console.ts";
export { CAUSAL_PLAN, runCausal } from "./run.ts";
export { CAUSAL_HEADING, causalLine, judge, type CausalVerdict } from "./table.ts";
