/** The guest's half of the protocol on the oldest Node that a guest may have: the same vectors, the same verdicts. */
import { build } from "esbuild";
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { oldNode } from "../../guest-agent/agent/testing/old-node.ts";
import { prerequisite } from "../prerequisite.ts";
import type { VectorFile } from "./cases/vector.ts";
import { readVectors } from "./json.ts";
import { fileName, VECTOR_FILES } from "./make.ts";

/** Reads vector files from stdin, prints the verdict on every message. */
const PROGRAM = `
  import { readFileSync } from "node:fs";
  import { GUEST_CHECKS } from "./guest-checks.ts";
  import { hex } from "./json.ts";
  import { refusal } from "../../protocol/testing/refusal.ts";
  const verdict = ({ message, bytes, given }) =>
    refusal(() => GUEST_CHECKS[message](hex(bytes), (name) => hex(given[name]), given));
  const cases = JSON.parse(readFileSync(0, "utf8")).filter(({ message }) => message in GUEST_CHECKS);
  const results = cases.map((one) => ({ what: one.what, verdict: verdict(one) }));
  console.log(JSON.stringify({ version: process.version, results }));
`;

async function bundle(): Promise<{ text: string; inputs: string[] }> {
  const stdin = { contents: PROGRAM, resolveDir: import.meta.dirname, loader: "ts" } as const;
  const target = { platform: "node", target: "node18", format: "esm" } as const;
  const { outputFiles, metafile } = await build({ stdin, ...target, bundle: true, write: false, metafile: true });
  const [output] = Object.values(metafile.outputs);
  const used = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return { text: outputFiles[0]?.text ?? "", inputs: used.map(([path]) => path) };
}

const CASES = VECTOR_FILES.flatMap(({ message }) => {
  const { given, accepted, refused } = readVectors(fileName(message)) as VectorFile;
  return [
    ...accepted.map(({ name, bytes, fields }) => {
      const own = message === "statements answer" ? fields : {};
      return { message, bytes, given: { ...given, ...own }, what: `${message}: ${name}`, verdict: "accepted" };
    }),
    ...refused.map(({ name, bytes, code, given: own }) => {
      return { message, bytes, given: { ...given, ...own }, what: `${message}: ${name}`, verdict: code };
    }),
  ];
});

describe("what guests import", () => {
  it("brings no library but noble's curves", async () => {
    const { inputs } = await bundle();
    const libraries = inputs.filter((path) => path.includes("node_modules") && !path.includes("/@noble/hashes/"));
    expect(libraries.filter((path) => !path.includes("/@noble/curves/"))).toEqual([]);
    expect(inputs).toContain("protocol/packet.ts");
  });

  const program = oldNode(18);
  it.skipIf(!prerequisite(program !== null, "expected node-linux-* 18.20.8 from the registry"))(
    "takes and refuses every vector under Node 18",
    async () => {
      const { text } = await bundle();
      const input = JSON.stringify(CASES);
      const args = ["--input-type=module", "--eval", text];
      const output = execFileSync(program ?? "", args, { input, encoding: "utf8" });
      const { version, results } = JSON.parse(output) as { version: string; results: { what: string }[] };
      expect(version).toMatch(/^v18\./);
      const judged = new Set(results.map(({ what }) => what));
      expect(results).toEqual(
        CASES.filter(({ what }) => judged.has(what)).map(({ what, verdict }) => ({ what, verdict })),
      );
      expect(judged.size).toBeGreaterThan(200);
    },
  );
});
