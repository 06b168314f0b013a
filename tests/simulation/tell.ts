/** Runs a story, prints what happened in it, and says how to see it again when it goes wrong. */
import { simulate, type Story, type Told } from "./simulate.ts";

/** @param project of vitest @param file the test's */
export async function tell(story: Story, project: string, file: string): Promise<Told> {
  try {
    const told = await simulate(story);
    console.info(told.summary);
    return told;
  } catch (cause) {
    const replay = `BOOTSEED_SEED=${story.seed} npx vitest run --project ${project} ${file}`;
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${message}\nseed ${story.seed}; replay: ${replay}`, { cause });
  }
}
