import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { kindOf } from "./document.ts";
import { loadKit } from "./kit.ts";
import { checkUserData, type Kit, renderUserData, TYPICAL_SEED_FILE_BYTES } from "./render.ts";

const kit: Kit = { hook: "#cloud-boothook\n#!/bin/sh\nkit='@KIT@'\nseed='@SEED@'\nexit 0\n", packed: "S0lU\n" };
const seedFile = new Uint8Array(TYPICAL_SEED_FILE_BYTES).fill(7);
const render = (document?: string | Uint8Array, more = {}): string =>
  renderUserData({ kit, seedFile: new Uint8Array([1, 2, 3]), document, ...more }).text;

describe("renderUserData", () => {
  it("carries the hook first and a cloud-config as it was written", () => {
    expect(render("#cloud-config\npackages: [jq]\n")).toMatchInlineSnapshot(`
      "MIME-Version: 1.0
      Content-Type: multipart/mixed; boundary=9

      --9

      #cloud-boothook
      #!/bin/sh
      kit='S0lU'
      seed='AQID'
      exit 0

      --9

      #cloud-config
      packages: [jq]

      --9--
      "
    `);
  });
  it("carries the hook alone when there is no document", () => {
    expect(render("\n")).toMatchInlineSnapshot(`
      "MIME-Version: 1.0
      Content-Type: multipart/mixed; boundary=3

      --3

      #cloud-boothook
      #!/bin/sh
      kit='S0lU'
      seed='AQID'
      exit 0

      --3--
      "
    `);
  });
  it("nests a MIME document verbatim", () => {
    const user = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="==U=="\n\n--==U==\n\nhi\n--==U==--\n';
    expect(render(user)).toContain(`\n${user}\n--`);
  });
  it("sends gzip, as bytes or as base64, as an x-gzip part", () => {
    const packed = gzipSync("#cloud-config\n{}\n");
    expect(render(packed)).toContain("Content-Type: application/x-gzip\nContent-Transfer-Encoding: base64\n\nH4sI");
    expect(render(packed.toString("base64"))).toBe(render(packed));
  });
  it("unpacks gzipped MIME, which cloud-init would drop inside a multipart", () => {
    const user = "MIME-Version: 1.0\nContent-Type: text/cloud-config\n\n#cloud-config\n{}\n";
    expect(render(gzipSync(user))).toContain(user);
  });
  it.each(["é", "\r\n", "\u0000"])("sends a document with %j in base64", (odd) => {
    const user = `#cloud-config\n# ${odd}\n`;
    expect(render(user)).toContain(Buffer.from(user).toString("base64"));
  });
  it("adds at most 14,080 bytes with the packed kit and one host's seed, envelope included", () => {
    const document = "#cloud-config\npackages: [jq]\n";
    const { sizes } = renderUserData({ kit: loadKit(), seedFile: new Uint8Array(TYPICAL_SEED_FILE_BYTES), document });
    expect(sizes.total - sizes.document).toBeLessThanOrEqual(14_080);
  });
  it("is deterministic", () => {
    const first = /boundary=(\S+)/.exec(render("#!/bin/sh\n"))?.[1] ?? "";
    expect(render("#!/bin/sh\n")).toBe(render("#!/bin/sh\n"));
    expect(first).toMatch(/^[0-9a-f]$/);
  });
  it("refuses a leading text that cloud-init does not know, with a hint, and sends it when forced", () => {
    expect(() => render("packages: [jq]\n")).toThrow(/begins with "packages: \[jq\]".*wrap: "force"/);
    expect(render("packages: [jq]\n", { wrap: "force" })).toContain("\npackages: [jq]\n");
  });
  it("refuses gzip that does not unpack, and bytes that are not UTF-8", () => {
    expect(() => render(new Uint8Array([0x1f, 0x8b, 1, 2]))).toThrow(/gzip/);
    expect(() => render(new Uint8Array([0xff, 0xfe]))).toThrow(/UTF-8/);
    expect(() => render(gzipSync(Buffer.alloc(2 << 20)))).toThrow(/unpack/);
  });
  it("puts special replacement patterns of a kit or seed in literally", () => {
    expect(render(undefined, { kit: { ...kit, packed: "$&$1@SEED@" } })).toContain("kit='$&$1@SEED@'");
  });
  it.each(["@KIT@ only", "@KIT@ @SEED@ @SEED@"])("refuses the template %j", (hook) => {
    expect(() => render("", { kit: { hook, packed: "" } })).toThrow(/@SEED@ [02] times/);
  });
});

describe("the size limit", () => {
  const document = `#cloud-config\n# ${"x".repeat(70_000)}\n`;
  it("names the size of every part, and the sizes add up", () => {
    const { sizes } = renderUserData({ kit, seedFile, document: "#!/bin/sh\n" });
    const { total, ...parts } = sizes;
    expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBe(total);
    expect(() => renderUserData({ kit, seedFile, document })).toThrow(
      /^user-data would be 7\d,\d{3} bytes, \S+ over the limit of 65,536: your document 70,017, kit 4, seed 532, hook \d+, envelope \d+; gzip/,
    );
  });
  it("names the written size too where base64 makes it longer", () => {
    const wide = `#cloud-config\n# ${"é".repeat(40_000)}\n`;
    expect(() => checkUserData({ kit, document: wide })).toThrow(/your document 10\d,\d{3} \(80,017 as written\)/);
  });
  it("is the same in preview, without a seed", () => {
    expect(checkUserData({ kit, document: "#!/bin/sh\n" })).toEqual(
      renderUserData({ kit, seedFile, document: "#!/bin/sh\n" }).sizes,
    );
    expect(() => checkUserData({ kit, document })).toThrow(/over the limit/);
  });
  it("accepts exactly maxBytes and refuses one byte more", () => {
    const { sizes } = renderUserData({ kit, seedFile });
    expect(() => renderUserData({ kit, seedFile, maxBytes: sizes.total })).not.toThrow();
    expect(() => renderUserData({ kit, seedFile, maxBytes: sizes.total - 1 })).toThrow(/1 over the limit/);
  });
});

describe("kindOf", () => {
  it.each([
    ["", "empty"],
    ["#cloud-config\n", "cloud-config"],
    ["  #Cloud-Config\n", "cloud-config"],
    ["#cloud-config-archive\n", "cloud-config-archive"],
    ["#cloud-config-jsonp\n", "cloud-config-jsonp"],
    ["#!/bin/sh\n", "script"],
    ["## template: jinja\n#cloud-config\n", "jinja"],
    ["#include\nhttp://x/\n", "include"],
    ["#include-once\nhttp://x/\n", "include"],
    ["#part-handler\n", "part-handler"],
    ["#cloud-boothook\n", "boothook"],
    ["MIME-Version: 1.0\nContent-Type: text/plain\n\nx", "mime"],
    ["Content-Type: multipart/mixed; boundary=x\nMIME-Version: 1.0\n\n", "mime"],
    ["#cloud-config\n# mime-version: 1.0\n", "cloud-config"],
    ["hello", "unknown"],
  ])("takes %j for %s", (text, kind) => {
    expect(kindOf(text)).toBe(kind);
  });
});
