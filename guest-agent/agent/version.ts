/** Of the agent, as its report and `--version` say it. */
import manifest from "../package.json" with { type: "json" };

export const VERSION: string = manifest.version;
