import { expect, it } from "vitest";
import { RECEIPT_SECONDS, ReceiptKeys } from "./receipt-keys.ts";

const A = new Uint8Array(16).fill(1);
const B = new Uint8Array(16).fill(2);
const NOW = 1_795_262_400;

it("a key lives 60 seconds", () => {
  const keys = new ReceiptKeys();
  const key = new Uint8Array(32).fill(7);
  keys.put(A, 1, key, NOW);
  expect(keys.get(A, 1, NOW + RECEIPT_SECONDS - 1)).toBe(key);
  keys.sweep(NOW + RECEIPT_SECONDS);
  expect([keys.get(A, 1, NOW), [...key]]).toEqual([null, Array(32).fill(0)]);
});

it("a clock that is set back by 400 days keeps no key in memory so long", () => {
  const keys = new ReceiptKeys();
  const [old, fresh] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
  keys.put(A, 1, old, NOW + 400 * 86_400);
  expect(keys.get(A, 1, NOW)).toBeNull();
  keys.put(B, 1, fresh, NOW);
  expect([...old]).toEqual(Array(32).fill(0));
  // The one behind it expires as usual.
  keys.sweep(NOW + RECEIPT_SECONDS);
  expect([...fresh]).toEqual(Array(32).fill(0));
});

it("a receipt wipes the key of its own packet, and leaves the key of a newer one", () => {
  const keys = new ReceiptKeys();
  const [first, second] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
  keys.put(A, 1, first, NOW);
  keys.put(A, 2, second, NOW);
  keys.spend(A, 1);
  expect(keys.get(A, 2, NOW)).toBe(second);
  keys.spend(A, 2);
  expect([keys.get(A, 2, NOW), [...second]]).toEqual([null, Array(32).fill(0)]);
});
