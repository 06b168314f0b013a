import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadKit } from "./kit.ts";
import { packUserData } from "./pack.ts";
import { renderUserData, TYPICAL_SEED_FILE_BYTES } from "./render.ts";

const kit = loadKit();
const seedFile = new Uint8Array(TYPICAL_SEED_FILE_BYTES).fill(7);
const document = `#cloud-config\nwrite_files:\n${"  - { path: /etc/x, content: same }\n".repeat(400)}`;

describe("user-data as bytes", () => {
  it("mime is the rendered text", () => {
    const { bytes, sizes } = packUserData({ kit, seedFile, document }, "mime");
    expect(Buffer.from(bytes).toString("utf8")).toBe(renderUserData({ kit, seedFile, document }).text);
    expect(bytes.length).toBe(sizes.total);
  });
  it("gzip unpacks to the same, and repeats bit for bit", () => {
    const { bytes } = packUserData({ kit, seedFile, document }, "gzip");
    expect(gunzipSync(bytes).toString("utf8")).toBe(renderUserData({ kit, seedFile, document }).text);
    expect(packUserData({ kit, seedFile, document }, "gzip").bytes).toEqual(bytes);
    expect([...bytes.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
  });
  it("the limit counts what is sent: gzip fits where mime does not", () => {
    const maxBytes = 16 * 1024;
    expect(() => packUserData({ kit, seedFile, document, maxBytes }, "mime")).toThrow(/over the limit of 16,384/);
    expect(packUserData({ kit, seedFile, document, maxBytes }, "gzip").bytes.length).toBeLessThanOrEqual(maxBytes);
  });
  it("over the limit gzipped: says by how much, and what of it is the document's", () => {
    expect(() => packUserData({ kit, seedFile, document, maxBytes: 4096 }, "gzip")).toThrow(
      /bytes gzipped, [\d,]+ over the limit of 4,096: unpacked, your document has 14,\d{3}, all else [\d,]+; move parts/,
    );
  });
  it("kit, hook and seed alone leave 5 KiB of AWS's 16 KiB to the document", () => {
    expect(packUserData({ kit, seedFile }, "gzip").bytes.length).toBeLessThanOrEqual(11 * 1024);
  });
});
