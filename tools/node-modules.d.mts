/** Types of node-modules.mjs, which must run on Node 20 as it is. */
export function nodeModulesFresh(root: string, machine?: { platform: string; arch: string }): boolean;
