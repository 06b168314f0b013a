/** What we take a document for, and refuse, is what cloud-init takes it for, and drops. */
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { kindOf } from "../../seeder/render/document.ts";
import { renderUserData } from "../../seeder/render/render.ts";
import { prerequisite } from "../prerequisite.ts";
import { askCloudInit, canAskCloudInit, knownCodePoints, type SeenPart } from "./cloud-init.ts";

const kit = { hook: "#cloud-boothook\n#!/bin/sh\nkit='@KIT@'\nseed=@SEED@\n", packed: "kit" };
const render = (document: string | Uint8Array, wrap?: "force"): string =>
  renderUserData({ kit, seedFile: new Uint8Array(398).fill(5), document, wrap }).text;

const CONFIG = "#cloud-config\npackages: [jq]\n";
const PLACES = [
  ["", CONFIG],
  ["#cloud-boothoo", "\n#!/bin/sh\n"],
] as const;

const present = prerequisite(
  await canAskCloudInit(),
  "expected apt-get and cloud-init's python modules: run npm run setup on Debian or Ubuntu",
);

/** Types of the parts behind our hook. */
const types = (parts: SeenPart[] | undefined): string[] => (parts ?? []).slice(1).map(({ type }) => type);

describe.skipIf(!present)("a document's kind", () => {
  it(
    "C6: is cloud-init's own, for every code point before and inside the leading text",
    { timeout: 240_000 },
    async () => {
      const accepted = await knownCodePoints(PLACES);
      for (const [i, [before, after]] of PLACES.entries()) {
        const theirs = new Set(accepted[i]);
        const differing: string[] = [];
        for (let point = 0; point < 0x110000; point++) {
          if (point >= 0xd800 && point < 0xe000) continue;
          const ours = kindOf(before + String.fromCodePoint(point) + after) !== "unknown";
          if (ours !== theirs.has(point)) differing.push(`U+${point.toString(16)}`);
        }
        expect(differing, JSON.stringify([before, after])).toEqual([]);
        expect(theirs.size).toBeGreaterThan(1);
      }
    },
  );

  it("C6: with every leading character that cloud-init skips, the same part arrives", async () => {
    const [skipped = []] = await knownCodePoints([["", CONFIG]]);
    const documents = [...skipped.map((point) => String.fromCodePoint(point) + CONFIG), " ".repeat(5000) + CONFIG];
    const seen = await askCloudInit(documents.flatMap((document) => [document, render(document)]));
    for (const [i] of documents.entries()) expect(seen[2 * i + 1]?.slice(1)).toEqual(seen[2 * i]);
    expect(skipped).toContain(0x1c);
    expect(skipped).toContain(0x85);
    expect(skipped).not.toContain(0xfeff);
  });
});

const latin1 = Uint8Array.from(Buffer.from("#cloud-config\n# caf\u00e9\n", "latin1"));
const utf16 = Uint8Array.from(Buffer.from(`\ufeff${CONFIG}`, "utf16le"));
const mime = `Content-Type: text/cloud-config\nMIME-Version: 1.0\n\n${CONFIG}`;

/** A document that is refused, what the error says to do, and the document after that was done. */
const ADVICE: readonly [string, string | Uint8Array, RegExp, string | Uint8Array][] = [
  ["Latin-1", latin1, /: write the document in UTF-8$/, "#cloud-config\n# caf\u00e9\n"],
  [
    "Latin-1 in gzip",
    gzipSync(latin1),
    /: write the document in UTF-8, then compress it again$/,
    gzipSync("#cloud-config\n# caf\u00e9\n"),
  ],
  ["UTF-16", utf16, /UTF-16 text: write the document in UTF-8$/, CONFIG],
  ["UTF-16 in gzip", gzipSync(utf16), /UTF-16 text: write the document in UTF-8, then/, gzipSync(CONFIG)],
  ["damaged gzip", gzipSync(CONFIG).subarray(0, 20), /: compress the document again with gzip$/, gzipSync(CONFIG)],
  ["a byte order mark", `\ufeff${CONFIG}`, /: remove the invisible characters or empty lines before it,/, CONFIG],
  ["an empty line before MIME", `\n${mime}`, /: remove the invisible characters or empty lines before it,/, mime],
  ["base64 of MIME", Buffer.from(mime).toString("base64"), /: it is base64: decode it first,/, mime],
  ["YAML's mark first", `---\n${CONFIG}`, /: begin it with #cloud-config or #!/, `#cloud-config\n---\n${CONFIG}`],
  ["no leading text", "packages: [jq]\n", /: begin it with #cloud-config or #!/, CONFIG],
  [
    "jinja without its space",
    `##template: jinja\n${CONFIG}`,
    /: write the first line as "## template: jinja",/,
    `## template: jinja\n${CONFIG}`,
  ],
];

describe.skipIf(!present)("the advice of a refusal", () => {
  it.each(ADVICE)("C23 (canonical/cloud-init#3170): %s: followed, the document is accepted", async (...row) => {
    const [, refused, advice, followed] = row;
    expect(() => render(refused)).toThrow(advice);
    const [seen] = await askCloudInit([render(followed)]);
    expect(types(seen).filter((type) => type !== "text/cloud-config" && type !== "text/jinja2")).toEqual([]);
    expect(types(seen)).toHaveLength(1);
  });

  it("C23: wrap: force takes every text that is refused for its leading text", async () => {
    for (const [, refused, advice] of ADVICE) {
      if (typeof refused !== "string" || !advice.source.endsWith(",")) continue;
      expect(() => render(refused, "force")).not.toThrow();
    }
  });

  it("C23: gzip is advised where it is enough, and nowhere else", () => {
    const long = (text: string): string => `#cloud-config\n# ${text.repeat(70_000)}\n`;
    const sized = (document: string | Uint8Array): string => {
      try {
        return render(document);
      } catch (error) {
        return error instanceof Error ? error.message : "";
      }
    };
    expect(sized(long("x"))).toMatch(/; gzip your document, or move parts of your document behind #include$/);
    expect(() => render(gzipSync(long("x")))).not.toThrow();
    // Not ASCII: it cannot stay packed inside ours, so gzip changes nothing.
    expect(sized(long("\u00e9"))).toMatch(/; move parts of your document behind #include$/);
    expect(sized(gzipSync(long("\u00e9")))).toMatch(/; move parts of your document behind #include$/);
  });
});
