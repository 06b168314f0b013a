/**
 * Whether something that a test needs is there. In CI a missing one is a failure, elsewhere a skip that says why and how to fix it.
 *
 * @param present what was found out
 * @param why "expected …, do …", printed with the skip
 * @throws {Error} in CI
 * @example describe.skipIf(!prerequisite(existsSync(dir), "expected the vectors at …"))("…", () => …)
 */
export function prerequisite(present: boolean, why: string): boolean {
  if (present) return true;
  if (process.env["CI"]) throw new Error(`missing prerequisite: ${why}`);
  console.warn(`skipped: ${why}`); // by console: the end of `npm test` repeats it
  return false;
}
