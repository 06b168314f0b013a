/** The accepted set of Ed25519 signatures, the same by both ways of verifying and on every Node that a guest may have. */
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { oldNode } from "../../guest-agent/agent/testing/old-node.ts";
import { signatureCases } from "../conformance/cases/signatures.ts";
import { prerequisite } from "../prerequisite.ts";
import { toHex } from "./json.ts";

interface Line {
  readonly name: string;
  /** key, message, signature in hexadecimal */
  readonly bytes: readonly [string, string, string];
  readonly accepted: boolean;
}

/** Reads lines from stdin, prints what each way of verifying accepts. */
const PROGRAM = `
  import { readFileSync } from "node:fs";
  import { hex } from "./json.ts";
  import { ed25519Verify, ed25519VerifyQuickly } from "../../protocol/ed25519.ts";
  const lines = JSON.parse(readFileSync(0, "utf8"));
  const by = (verify) => lines.map(({ bytes }) => verify(...bytes.map(hex)));
  const verdicts = { noble: by(ed25519Verify), openssl: by(ed25519VerifyQuickly) };
  console.log(JSON.stringify({ version: process.version, ...verdicts }));
`;

const OURS = [...signatureCases()].map(({ name, publicKey, message, signature, expected }): Line => {
  const bytes = [toHex(publicKey), toHex(message), toHex(signature)] as const;
  return { name, bytes, accepted: expected === "accepted" };
});

const WYCHEPROOF = join(import.meta.dirname, "../../../shared/vectors/wycheproof/ed25519_test.json");

/** Project Wycheproof's cases, where they lie beside the repository. */
function wycheproof(): Line[] {
  if (!existsSync(WYCHEPROOF)) return [];
  type Test = { tcId: number; msg: string; sig: string; result: string };
  const { testGroups } = JSON.parse(readFileSync(WYCHEPROOF, "utf8")) as {
    testGroups: readonly { publicKey: { pk: string }; tests: readonly Test[] }[];
  };
  return testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(({ tcId, msg, sig, result }) => {
      return { name: `Wycheproof ${tcId}`, bytes: [publicKey.pk, msg, sig] as const, accepted: result === "valid" };
    }),
  );
}

const LINES: readonly Line[] = [...OURS, ...wycheproof()];

async function bundled(): Promise<string> {
  const stdin = { contents: PROGRAM, resolveDir: import.meta.dirname, loader: "ts" } as const;
  const target = { platform: "node", target: "node18", format: "esm" } as const;
  const { outputFiles } = await build({ stdin, ...target, bundle: true, write: false });
  return outputFiles[0]?.text ?? "";
}

const nodes = [
  ["the Node of the tests", process.execPath],
  ["Node 20", oldNode(20)],
  ["Node 18", oldNode(18)],
] as const;

describe("the accepted Ed25519 signatures", () => {
  it.each(nodes)("are exactly those of docs/protocol.md, by noble and by OpenSSL, under %s", async (_, node) => {
    if (!prerequisite(node !== null, "expected node-linux-* from the registry")) return;
    const args = ["--input-type=module", "--eval", await bundled()];
    const input = JSON.stringify(LINES);
    const output = execFileSync(node ?? "", args, { input, encoding: "utf8", maxBuffer: 1 << 24 });
    const { noble, openssl } = JSON.parse(output) as Record<"noble" | "openssl", boolean[]>;
    const wrong = LINES.filter(({ accepted }, i) => noble[i] !== accepted || openssl[i] !== accepted);
    expect(wrong.map(({ name }) => name)).toEqual([]);
    expect([noble.length, openssl.length]).toEqual([LINES.length, LINES.length]);
    // Both kinds are among them, or the test would prove nothing.
    expect(LINES.filter(({ accepted }) => accepted).length).toBeGreaterThan(50);
    expect(LINES.filter(({ accepted }) => !accepted).length).toBeGreaterThan(400);
  });
});
