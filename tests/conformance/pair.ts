/** Kit and agent beside each other over the same deliveries. */
import { spawnSync } from "node:child_process";
import { prerequisite } from "../prerequisite.ts";
import { AgentGuest } from "./agent-guest.ts";
import type { Case } from "./case.ts";
import type { Guest, Outcome } from "./guest.ts";
import { KitGuest } from "./kit-guest.ts";

const PYTHON = ["/usr/bin/python3", ["-I", "-c", "import cryptography"]] as const;
/** Whether both can run here. */
export const PAIR_READY: boolean = prerequisite(
  spawnSync(...PYTHON).status === 0 && spawnSync("/usr/bin/ssh-keygen", ["-?"]).error === undefined,
  "expected Debian's python3-cryptography and openssh-client: apt-get install them",
);

/** The agent alone keeps the statement that signed its certificate, as proof for a host that lost everything. */
function comparable({ files, ...rest }: Outcome): Outcome {
  const { issuer: _issuer, ...shared } = files;
  return { ...rest, files: shared };
}

function verdictOf({ notes, thrown, kernel }: Outcome): string {
  if (thrown !== "") return thrown;
  const codes = Object.keys(notes).filter((key) => key !== "last");
  if (notes["last"] === undefined) return codes.join(" ");
  return kernel.some((line) => line.startsWith("mix")) ? "accepted" : "accepted, but nothing mixed";
}

function asExpected(expected: string, verdict: string): boolean {
  if (expected === "either") return true;
  return expected === "refused" ? verdict !== "accepted" && verdict !== "" : verdict === expected;
}

const sorted = (outcome: Outcome): unknown => ({
  ...outcome,
  notes: Object.fromEntries(Object.entries(outcome.notes).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  files: Object.fromEntries(Object.entries(outcome.files).toSorted(([a], [b]) => (a < b ? -1 : 1))),
});

export class Pair implements AsyncDisposable {
  readonly #guests: readonly Guest[] = [new KitGuest(), new AgentGuest()];

  /** @returns how many cases there were, and the first deviations */
  async run(cases: Iterable<Case>): Promise<{ count: number; accepted: number; deviations: string[] }> {
    let [count, accepted] = [0, 0];
    const deviations: string[] = [];
    for (const one of cases) {
      count++;
      const [kit, agent] = (await Promise.all(this.#guests.map((guest) => guest.deliver(one)))).map(comparable);
      if (kit === undefined || agent === undefined) throw new Error("expected two guests");
      const verdict = verdictOf(kit);
      if (verdict === "accepted") accepted++;
      if (JSON.stringify(sorted(kit)) !== JSON.stringify(sorted(agent)))
        deviations.push(`${one.name}: kit ${JSON.stringify(sorted(kit))}, agent ${JSON.stringify(sorted(agent))}`);
      else if (!asExpected(one.expected, verdict))
        deviations.push(`${one.name}: expected ${one.expected}, got ${verdict}`);
    }
    return { count, accepted, deviations: deviations.slice(0, 20) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const guest of this.#guests) await guest[Symbol.asyncDispose]();
  }
}
