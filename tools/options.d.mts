/** Types of options.mjs, which must run on Node 20 as it is. */
export const PARTS: string[];
export function usageProblem(verb: string, args: string[], root: string): string | undefined;
