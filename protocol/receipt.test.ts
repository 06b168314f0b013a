import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encodeReceipt, parseReceipt, RC_NOT_TRIED, verifyReceipt } from "./receipt.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { patched, refusal } from "./testing/refusal.ts";

const accept = (bytes: Uint8Array): void => verifyReceipt(parseReceipt(bytes), ex.sealed.receiptKey);

describe("receipt", () => {
  it("has 42 bytes and comes back as it went in", () => {
    const fields = { counter: 2 ** 53 - 1, rcMix: 0, rcReseed: RC_NOT_TRIED };
    const bytes = encodeReceipt(fields, ex.sealed.receiptKey);
    expect(bytes).toHaveLength(42);
    expect(parseReceipt(bytes)).toMatchObject(fields);
    accept(bytes);
  });

  it("has the MAC of the protocol", () => {
    const mac = createHmac("sha256", ex.sealed.receiptKey)
      .update("bootseed v1 receipt\0")
      .update(ex.receipt.subarray(0, 10));
    expect(ex.receipt.subarray(10)).toEqual(Uint8Array.from(mac.digest()));
  });

  it("is refused with any bit flipped, cut anywhere, or longer", () => {
    expect(survivors(ex.receipt, accept)).toEqual([]);
  });

  it("is refused under another packet's key, and for counter 0", () => {
    expect(refusal(() => verifyReceipt(parseReceipt(ex.receipt), ex.example("other", 32)))).toBe("bad-mac");
    expect(refusal(() => parseReceipt(patched(ex.receipt, 0, ...new Uint8Array(8))))).toBe("bad-counter");
  });
});
