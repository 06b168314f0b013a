import { AsnIntegerConverter, AsnConvert, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes } from "@peculiar/asn1-schema";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, u16be } from "./bytes.ts";
import { encodePlaintext, parsePlaintext, type PacketPlaintext } from "./der.ts";
import * as ex from "./testing/example.ts";
import { refusal } from "./testing/refusal.ts";

const tlv = (tag: number, content: readonly number[] | Uint8Array): Uint8Array =>
  content.length < 0x80
    ? Uint8Array.of(tag, content.length, ...content)
    : concat(Uint8Array.of(tag, 0x82), u16be(content.length), Uint8Array.from(content));
const sequence = (...parts: Uint8Array[]): Uint8Array => tlv(0x30, concat(...parts));

const time = tlv(2, [0x6a, 0xb1, 0x3b, 0x80]);
const one = tlv(2, [1]);
const octets = tlv(4, ex.chunk);
const good = sequence(time, one, octets);

/** The same shape by a general ASN.1 library, as an oracle for encoding. */
function oracle({ timestamp, counter, chunk }: PacketPlaintext): Uint8Array {
  class Packet {
    timestamp = timestamp;
    counter = counter;
    chunk = chunk.buffer as ArrayBuffer;
  }
  AsnType({ type: AsnTypeTypes.Sequence })(Packet);
  AsnProp({ type: AsnPropTypes.Integer, converter: AsnIntegerConverter })(Packet.prototype, "timestamp");
  AsnProp({ type: AsnPropTypes.Integer, converter: AsnIntegerConverter })(Packet.prototype, "counter");
  AsnProp({ type: AsnPropTypes.OctetString })(Packet.prototype, "chunk");
  return new Uint8Array(AsnConvert.serialize(new Packet()));
}

describe("packet plaintext", () => {
  it("has 1,041 bytes today and 1,048 at most", () => {
    expect(encodePlaintext({ timestamp: ex.now, counter: 1, chunk: ex.chunk })).toHaveLength(1041);
    expect(encodePlaintext({ timestamp: 2 ** 39 - 1, counter: 2 ** 53 - 1, chunk: ex.chunk })).toHaveLength(1048);
  });

  it("comes back as it went in, and is what an ASN.1 library would write", () => {
    const plaintext = fc.record({
      timestamp: fc.nat({ max: 2 ** 39 - 1 }),
      counter: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      chunk: fc.constant(ex.chunk),
    });
    fc.assert(
      fc.property(plaintext, (value) => {
        const bytes = encodePlaintext(value);
        expect(parsePlaintext(bytes)).toEqual(value);
        expect(bytes).toEqual(oracle(value));
      }),
    );
  });

  it.each([
    ["nothing", new Uint8Array(0)],
    ["trailing bytes", concat(good, Uint8Array.of(0))],
    ["trailing bytes inside the sequence", sequence(time, one, octets, tlv(5, []))],
    ["a padded counter", sequence(time, tlv(2, [0, 1]), octets)],
    ["a padded timestamp", sequence(tlv(2, [0, 0x6a, 0xb1, 0x3b, 0x80]), one, octets)],
    ["an empty integer", sequence(time, tlv(2, []), octets)],
    ["an integer of nine bytes", sequence(time, tlv(2, [0, 0x80, 0, 0, 0, 0, 0, 0, 0]), octets)],
    ["a counter padded with ones", sequence(time, tlv(2, [0xff, 0xff]), octets)],
    ["a long length where a short one fits", sequence(time, Uint8Array.of(2, 0x81, 1, 1), octets)],
    ["a length of three bytes", concat(Uint8Array.of(0x30, 0x83, 0), good.subarray(2))],
    ["an indefinite length", concat(Uint8Array.of(0x30, 0x80), good.subarray(4), new Uint8Array(2))],
    ["a constructed octet string", sequence(time, one, tlv(0x24, octets))],
    ["a set in place of the sequence", concat(Uint8Array.of(0x31), good.subarray(1))],
    ["fields in another order", sequence(one, octets, time)],
    ["a missing counter", sequence(time, octets)],
    ["a boolean as counter", sequence(time, tlv(1, [0xff]), octets)],
    ["a value cut short", good.slice(0, -1)],
  ])("refuses %s as not canonical", (_, bytes) => {
    expect(refusal(() => parsePlaintext(bytes))).toBe("non-canonical");
  });

  it.each([
    ["a chunk of 1,023 bytes", sequence(time, one, tlv(4, ex.chunk.slice(1))), "bad-chunk"],
    ["a chunk of 1,025 bytes", sequence(time, one, tlv(4, Uint8Array.of(...ex.chunk, 0))), "bad-chunk"],
    ["an empty chunk", sequence(time, one, tlv(4, [])), "non-canonical"],
    ["counter 0", sequence(time, tlv(2, [0]), octets), "bad-counter"],
    ["counter -1", sequence(time, tlv(2, [0xff]), octets), "non-canonical"],
    ["counter 2^53", sequence(time, tlv(2, [0x20, 0, 0, 0, 0, 0, 0]), octets), "bad-counter"],
    ["a negative time", sequence(tlv(2, [0x80]), one, octets), "non-canonical"],
    ["a time of 2^39", sequence(tlv(2, [0, 0x80, 0, 0, 0, 0]), one, octets), "malformed"],
    ["nothing wrong", good, "accepted"],
  ])("with %s", (_, bytes, outcome) => {
    expect(refusal(() => parsePlaintext(bytes))).toBe(outcome);
  });
});
