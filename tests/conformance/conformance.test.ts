/**
 * Kit and agent, two programs in two languages, over the same deliveries: the same verdict with the same code, the same
 * requests, the same bytes into the kernel, the same files; each good packet accepted once.
 */
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prerequisite } from "../prerequisite.ts";
import { AgentGuest } from "./agent-guest.ts";
import { answered, type Case, good } from "./case.ts";
import { answerDamage, packetCuts, statementDamage } from "./cases/damage.ts";
import { derCases } from "./cases/der.ts";
import { randomBodies } from "./cases/random.ts";
import { stateCases } from "./cases/state.ts";
import { statementCases } from "./cases/statements.ts";
import { swappedCases } from "./cases/swapped.ts";
import type { Guest, Outcome } from "./guest.ts";
import { packetFor } from "./hosts.ts";
import { KitGuest } from "./kit-guest.ts";

const PYTHON = ["/usr/bin/python3", ["-I", "-c", "import cryptography"]] as const;
const READY = prerequisite(
  spawnSync(...PYTHON).status === 0 && spawnSync("/usr/bin/ssh-keygen", ["-?"]).error === undefined,
  "expected Debian's python3-cryptography and openssh-client: apt-get install them",
);
/** Bodies of random bytes; the issue of a run can be seen again with the same word. */
const RANDOM_SEED = process.env["BOOTSEED_SEED"] ?? "bootseed";
const RANDOM_BODIES = Number(process.env["BOOTSEED_BODIES"] ?? 100_000);

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

describe.skipIf(!READY)("kit and agent", () => {
  let guests: Guest[];
  beforeAll(() => void (guests = [new KitGuest(), new AgentGuest()]));
  afterAll(async () => {
    for (const guest of guests ?? []) await guest[Symbol.asyncDispose]();
  });

  /** @returns how many cases there were, and the first deviations */
  async function run(cases: Iterable<Case>): Promise<{ count: number; accepted: number; deviations: string[] }> {
    let [count, accepted] = [0, 0];
    const deviations: string[] = [];
    for (const one of cases) {
      count++;
      const [kit, agent] = (await Promise.all(guests.map((guest) => guest.deliver(one)))).map(comparable);
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

  it("take the host's own packet, with the same receipt, bytes for the kernel and files", async () => {
    expect(await run([good])).toEqual({ count: 1, accepted: 1, deviations: [] });
  });

  it("take each good packet once, whatever order they come in", async () => {
    const first = packetFor({ packetCounter: 7 });
    const again = { name: "the same once more", expected: "bad-signature", counter: 7, answers: answered(first) };
    const older = packetFor({ counter: 7, packetCounter: 7 });
    const replayed = { name: "the same counter", expected: "bad-counter", counter: 7, answers: answered(older) };
    const fresh = { name: "the first time", expected: "accepted", answers: answered(first) };
    expect(await run([fresh, again, replayed])).toEqual({ count: 3, accepted: 1, deviations: [] });
  });

  it.each([
    ["fields swapped, other labels, kinds, statuses, counters", swappedCases, 75],
    ["statements: followed, stale, forged", statementCases, 25],
    ["DER that is not canonical in every way", derCases, 1100],
    ["every bit flip and truncation of the answer", answerDamage, 10_000],
    ["every truncation of the packet", packetCuts, 1100],
    ["every bit flip and truncation of a statement, both kinds of root", statementDamage, 3700],
  ])("agree on %s", async (_, cases, atLeast) => {
    const { count, deviations } = await run(cases());
    expect(deviations).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(atLeast);
  });

  it("agree on state files gone, damaged, and another's", async () => {
    const { count, deviations } = await run(stateCases());
    expect(deviations).toEqual([]);
    expect(count).toBeGreaterThanOrEqual(6000);
  });

  it(`agree on ${RANDOM_BODIES} random bodies (BOOTSEED_SEED=${RANDOM_SEED})`, async () => {
    const { deviations } = await run(randomBodies(RANDOM_SEED, RANDOM_BODIES));
    expect(deviations).toEqual([]);
  });
});

const sorted = (outcome: Outcome): unknown => ({
  ...outcome,
  notes: Object.fromEntries(Object.entries(outcome.notes).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  files: Object.fromEntries(Object.entries(outcome.files).toSorted(([a], [b]) => (a < b ? -1 : 1))),
});
