/** The warning of a run whose own options put the seeds of its new droplets into an output in clear. */
import { enginesOf } from "./engine-process.ts";
import { type EngineProcess, seedOutputs } from "./seed-outputs.ts";

/**
 * @param stack `org/project/stack`
 * @param engines by default those that may be running this process
 * @returns one line, or undefined where nothing is known to show seeds
 */
export function seedOutputWarning(
  stack: string,
  engines: readonly EngineProcess[] = enginesOf(process.pid),
): string | undefined {
  const outputs = [...new Set(engines.flatMap(seedOutputs))];
  if (outputs.length === 0) return undefined;
  return (
    `${outputs.join(", ")} writes the seeds of this run's new droplets in clear: the DigitalOcean provider logs user-data ` +
    "at each create. Until a droplet has claimed its seed, whoever reads that output may claim it in the droplet's place. " +
    `Keep it secret until bootseed wait --stack ${stack} succeeds, or run without it`
  );
}
