import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as b from "./bytes.ts";
import { refusal } from "./testing/refusal.ts";

const read = (...bytes: number[]): b.Reader => new b.Reader(Uint8Array.from(bytes), "test");

describe("building", () => {
  it("writes big-endian integers", () => {
    expect(b.u16be(0x0102)).toEqual(Uint8Array.of(1, 2));
    expect(b.u32be(0xff02_0304)).toEqual(Uint8Array.of(0xff, 2, 3, 4));
    expect(b.u64be(2 ** 53 - 1)).toEqual(Uint8Array.of(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
  });

  it.each([
    ["u8", () => b.u8(256)],
    ["u16", () => b.u16be(65_536)],
    ["u32", () => b.u32be(2 ** 32)],
    ["u64", () => b.u64be(2 ** 53)],
    ["a negative", () => b.u8(-1)],
    ["a fraction", () => b.u32be(1.5)],
    ["not a number", () => b.u32be(Number.NaN)],
    ["65,536 bytes behind a u16", () => b.lp(new Uint8Array(65_536))],
  ])("refuses %s out of range", (_, build) => {
    expect(build).toThrow(RangeError);
  });
});

describe("Reader", () => {
  it("reads back what the builders wrote", () => {
    const value = fc.record({
      a: fc.nat(255),
      b: fc.nat(65_535),
      c: fc.nat(2 ** 32 - 1),
      d: fc.maxSafeNat(),
      e: fc.uint8Array(),
      f: fc.string({ unit: "grapheme", minLength: 1, maxLength: 9 }),
    });
    fc.assert(
      fc.property(value, (v) => {
        const bytes = b.concat(b.u8(v.a), b.u16be(v.b), b.u32be(v.c), b.u64be(v.d), b.lp(v.e), b.lp(b.utf8(v.f)));
        const r = new b.Reader(bytes, "test");
        expect({
          a: r.u8("a"),
          b: r.u16("b"),
          c: r.u32("c"),
          d: r.u64("d"),
          e: r.lp("e"),
          f: r.text(300, "f"),
        }).toEqual(v);
        r.end();
      }),
    );
  });

  it.each([
    ["too few bytes", () => read(1).u16("x"), "malformed"],
    ["a length that reaches beyond the end", () => read(0, 2, 1).lp("x"), "malformed"],
    ["bytes left over", () => read(1).end(), "malformed"],
    ["a number beyond 2^53 - 1", () => read(0, 0x20, 0, 0, 0, 0, 0, 0).u64("x"), "malformed"],
    ["an empty text", () => read(0, 0).text(9, "x"), "malformed"],
    ["a text that is too long", () => read(0, 2, 65, 65).text(1, "x"), "malformed"],
    ["a text that is not UTF-8", () => read(0, 1, 0x80).text(9, "x"), "malformed"],
    ["version 0", () => read(0).version(), "bad-version"],
    ["suite 0", () => read(0).suite(), "bad-suite"],
  ])("refuses %s", (_, action, code) => {
    expect(refusal(action)).toBe(code);
  });

  it("gives copies, so that wiping the message wipes no field", () => {
    const message = Uint8Array.of(1, 2);
    const field = new b.Reader(message, "test").take(2, "x");
    b.wipe(message);
    expect([message, field]).toEqual([new Uint8Array(2), Uint8Array.of(1, 2)]);
  });
});

describe("text forms", () => {
  it("come back as they went in", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(b.fromHex(b.toHex(bytes))).toEqual(bytes);
        expect(b.fromBase64(b.toBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(["0", "0g", "AB", " 00", "0x00"])("refuses %j as hex", (text) => {
    expect(refusal(() => b.fromHex(text))).toBe("malformed");
  });

  it.each(["A", "AA=", "AA", "AB==", "AAA_", "AA==\n", "AA==AA=="])("refuses %j as base64", (text) => {
    expect(refusal(() => b.fromBase64(text))).toBe("malformed");
  });

  it("have the length that was asked for", () => {
    expect(refusal(() => b.fromHex("00", 2))).toBe("malformed");
    expect(refusal(() => b.fromBase64("AA==", 2))).toBe("malformed");
  });
});

it("compares bytes of equal length only", () => {
  expect(b.equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(b.equalConstantTime(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(b.equalConstantTime(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
});
