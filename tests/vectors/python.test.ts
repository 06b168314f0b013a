/** The guest kit's own modules, under the python of a stock image, against every vector that concerns a guest. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseReport, verifyReport } from "../../protocol/index.ts";
import { identity } from "../../protocol/testing/example.ts";
import { prerequisite } from "../prerequisite.ts";
import { hex } from "./json.ts";

const PYTHON = "/usr/bin/python3";
const KIT = join(import.meta.dirname, "../../guest-agent/kit");

interface Result {
  readonly message: string;
  readonly name: string;
  readonly expected: string;
  readonly got: string;
}

function present(): boolean {
  try {
    execFileSync(PYTHON, ["-I", "-c", "import cryptography"], { stdio: "ignore" });
    return existsSync(join(KIT, "bootseed/wire.py"));
  } catch {
    return false;
  }
}

describe.skipIf(
  !prerequisite(present(), `expected ${PYTHON} with python3-cryptography: apt install python3-cryptography`),
)("the guest kit", () => {
  let results: readonly Result[];
  let report: string;

  beforeAll(() => {
    const script = join(import.meta.dirname, "check.py");
    // -B: leave no __pycache__ in the folder that is packed. stderr: ssh-keygen's "Signing data on standard input".
    const args = ["-I", "-B", script, KIT, import.meta.dirname];
    const output = execFileSync(PYTHON, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    ({ results, report } = JSON.parse(output) as { results: readonly Result[]; report: string });
  });

  it.each([
    "statement",
    "statements answer",
    "seed entry",
    "seed file",
    "mix",
    "claim",
    "claim answer",
    "derive",
    "hello",
    "packet",
    "packet request",
    "packet answer",
    "receipt request",
    "report",
  ])("makes and takes: %s", (message) => {
    const own = results.filter((result) => result.message === message);
    expect(own.length).toBeGreaterThan(0);
    for (const { name, expected, got } of own) expect(got, `${message}: ${name}`).toBe(expected);
  });

  it("makes reports that the product verifies", () => {
    verifyReport(parseReport(hex(report)), identity.publicKey);
  });
});
