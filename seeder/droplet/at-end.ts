/** The end of a run that went well: the engine has done all its steps, deletions too, and waits for this process. */
import * as pulumi from "@pulumi/pulumi";

/**
 * The SDK (3.270) says at the second `beforeExit` that the program is done, and its answer comes when the engine has done all steps. So at the
 * third all is over: each of the first two is followed by another one.
 */
const LAST = 3;

/**
 * Only in a program with a process of its own. Not called after an error of the program or of the engine, nor when the engine is gone.
 *
 * @param call what to do; if it throws, one line on stderr says so and the run stays a good one
 */
export function atEndOfRun(call: () => Promise<void>): void {
  let [turns, failed] = [0, false];
  const fail = (): void => void (failed = true);
  process.on("uncaughtExceptionMonitor", fail);
  // Without the SDK's own listener ours would hide what must end the process.
  if (process.listenerCount("unhandledRejection") > 0) process.on("unhandledRejection", fail);
  process.on("beforeExit", (code) => {
    turns++;
    if (turns < LAST) setImmediate(() => undefined);
    if (turns !== LAST || code !== 0 || failed || pulumi.log.hasErrors()) return;
    void isEngineThere()
      .then((there) => (there ? call() : undefined))
      // The run went well: what cannot be told now is told by the next one, or by `bootseed sync`.
      .catch((error: unknown) => console.error(`bootseed: the hosts were not told at the end: ${String(error)}`));
  });
}

/** It waits for this process only where all steps went well; after a failure it ends, and the SDK takes its silence for the end, too. */
async function isEngineThere(): Promise<boolean> {
  try {
    await pulumi.runtime.requirePulumiVersion(">=3.0.0");
    return true;
  } catch {
    return false;
  }
}
