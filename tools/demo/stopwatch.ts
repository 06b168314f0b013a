import { say } from "../setup/set-up.ts";
import type { DemoResult } from "./result.ts";

const EVERY_MS = 10_000;

/** Runs a step, says that it is still under way every 10 s, and keeps how long it took. */
export async function timed<T>(result: DemoResult, name: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const seconds = (): number => Math.round((performance.now() - began) / 100) / 10;
  const tick = setInterval(() => say(`${name}: ${seconds().toFixed(0)} s`), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(tick);
    result.steps.push({ name, seconds: seconds() });
  }
}
