import type { Cloud } from "../../tools/lab/cloud.ts";

const END = 500;
const BUSIEST = "ps -eo pcpu=,args= --sort=-pcpu | cut -c1-60 | head -n 3";
const JOURNAL = "journalctl -b -o cat --no-pager | grep -v guest-exec | cut -c1-120 | tail -n 8";

/** Runs `step`, and adds to its error how the droplets are: of a VM that does not report, nothing else says why. What cannot be had hides no error. */
export async function withEvidence<T>(cloud: Cloud, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const droplets = (await cloud.names().catch(() => [])).map(async (name) => {
      const guest = await cloud.exec(name, `${JOURNAL}; ${BUSIEST}`).catch(words);
      return [
        `${name}'s console ends:`,
        await cloud.console(name).catch(words),
        "its journal and busiest processes:",
        guest,
      ]
        .map(end)
        .join("\n");
    });
    throw new Error([words(cause), ...(await Promise.all(droplets))].join("\n"), { cause });
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function end(text: string): string {
  return text.slice(-END);
}
