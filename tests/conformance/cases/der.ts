/** DER that is not the canonical encoding of three values, in every way, rightly sealed and signed: what only a broken host would send. */
import { concat, u16be } from "../../../protocol/bytes.ts";
import { encodePlaintext } from "../../../protocol/der.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { packetAround } from "../../../protocol/testing/forge.ts";
import { bitFlips, truncations } from "../../../protocol/testing/mutations.ts";
import { answered, type Case } from "../case.ts";

const good = encodePlaintext({ timestamp: ex.now, counter: 1, chunk: ex.chunk });
/** tag and length of the sequence, timestamp, counter, tag and length of the chunk */
const HEAD_BYTES = good.length - ex.chunk.length;

/** How BER may write a length; only the shortest is DER. */
const LENGTHS: Record<string, (n: number) => Uint8Array> = {
  short: (n) => Uint8Array.of(n),
  "long of 1": (n) => Uint8Array.of(0x81, n),
  "long of 2": (n) => concat(Uint8Array.of(0x82), u16be(n)),
  "long of 3": (n) => concat(Uint8Array.of(0x83, 0), u16be(n)),
  "long of 4": (n) => concat(Uint8Array.of(0x84, 0, 0), u16be(n)),
  "long of 8": (n) => concat(Uint8Array.of(0x88, 0, 0, 0, 0, 0, 0), u16be(n)),
};
const der = (n: number): Uint8Array =>
  n < 128 ? Uint8Array.of(n) : n < 256 ? Uint8Array.of(0x81, n) : concat(Uint8Array.of(0x82), u16be(n));
const tlv = (tag: number, content: Uint8Array, length = der): Uint8Array =>
  concat(Uint8Array.of(tag), length(content.length), content);
const int = (...content: number[]): Uint8Array => tlv(2, Uint8Array.from(content));
const time = int(0x6a, 0xb1, 0x3b, 0x80);
const one = int(1);
const octets = tlv(4, ex.chunk);
const sequence = (...parts: Uint8Array[]): Uint8Array => tlv(0x30, concat(...parts));
const inside = (name: string, plaintext: Uint8Array, expected = "non-canonical"): Case => ({
  name: `DER: ${name}`,
  expected,
  answers: answered(packetAround(plaintext)),
});

function* lengths(): Generator<Case> {
  const body = concat(time, one, octets);
  for (const [name, length] of Object.entries(LENGTHS)) {
    if (name !== "short" && name !== "long of 1" && name !== "long of 2") {
      yield inside(`sequence with length ${name}`, tlv(0x30, body, length));
      yield inside(`chunk with length ${name}`, sequence(time, one, tlv(4, ex.chunk, length)));
    }
    if (name !== "short") {
      yield inside(`timestamp with length ${name}`, sequence(tlv(2, time.subarray(2), length), one, octets));
      yield inside(`counter with length ${name}`, sequence(time, tlv(2, one.subarray(2), length), octets));
    }
  }
  const end = Uint8Array.of(0, 0);
  yield inside("indefinite sequence", concat(Uint8Array.of(0x30, 0x80), body, end));
  yield inside("indefinite, constructed chunk", sequence(time, one, concat(Uint8Array.of(0x24, 0x80), octets, end)));
  yield inside("constructed chunk", sequence(time, one, tlv(0x24, octets)));
  const [left, right] = [tlv(4, ex.chunk.subarray(0, 512)), tlv(4, ex.chunk.subarray(512))];
  yield inside("chunk in two parts", sequence(time, one, tlv(0x24, concat(left, right))));
}

function* integers(): Generator<Case> {
  for (const [which, put] of [
    ["timestamp", (i: Uint8Array) => sequence(i, one, octets)],
    ["counter", (i: Uint8Array) => sequence(time, i, octets)],
  ] as const) {
    yield inside(`empty ${which}`, put(int()));
    for (const content of [[0xff], [0x80], [0xff, 0x01], [0x80, 0, 0, 0]])
      yield inside(`negative ${which} ${content.join(" ")}`, put(int(...content)));
    for (const content of [
      [0, 1],
      [0, 0, 1],
      [0, 0x7f],
      [0, 0],
      [0, 0, 0x80],
    ])
      yield inside(`padded ${which} ${content.join(" ")}`, put(int(...content)));
    yield inside(`${which} of 9 bytes`, put(int(1, 0, 0, 0, 0, 0, 0, 0, 0)));
    yield inside(`${which} of 200 bytes`, put(int(...Array.from({ length: 200 }, () => 1))), "refused");
    for (const tag of [1, 3, 4, 5, 10, 12, 0x22, 0x82, 0xc2])
      yield inside(`${which} with tag ${tag}`, put(tlv(tag, Uint8Array.of(1))));
  }
  yield inside("timestamp 2^39 - 1", sequence(int(0x7f, 0xff, 0xff, 0xff, 0xff), one, octets), "accepted");
  yield inside("timestamp 2^39", sequence(int(0, 0x80, 0, 0, 0, 0), one, octets), "malformed");
  yield inside("timestamp 0", sequence(int(0), one, octets), "accepted");
  yield inside("counter 0", sequence(time, int(0), octets), "bad-counter");
  yield inside("counter 2^53 - 1", sequence(time, int(0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), octets), "accepted");
  yield inside("counter 2^53", sequence(time, int(0x20, 0, 0, 0, 0, 0, 0), octets), "bad-counter");
  yield inside("counter 2^63 - 1", sequence(time, int(0x7f, 255, 255, 255, 255, 255, 255, 255), octets), "bad-counter");
  yield inside("counter 2^63", sequence(time, int(0, 0x80, 0, 0, 0, 0, 0, 0, 0), octets));
}

function* structure(): Generator<Case> {
  yield inside("nothing", new Uint8Array(0));
  yield inside("empty sequence", sequence());
  yield inside("no timestamp", sequence(one, octets));
  yield inside("no counter", sequence(time, octets));
  yield inside("no chunk", sequence(time, one));
  yield inside("counter first", sequence(octets, one, time));
  yield inside("a third integer", sequence(time, one, one, octets));
  yield inside("a value after the chunk", sequence(time, one, octets, Uint8Array.of(5, 0)));
  yield inside("a byte after the sequence", concat(good, Uint8Array.of(0)));
  yield inside("two sequences", concat(good, good), "refused");
  yield inside("a sequence in a sequence", sequence(good));
  yield inside("a set", tlv(0x31, good.subarray(4)));
  yield inside("a bit string as chunk", sequence(time, one, tlv(3, ex.chunk)));
  for (const size of [0, 1, 1023, 1025, 2048])
    yield inside(`chunk of ${size} bytes`, sequence(time, one, tlv(4, new Uint8Array(size).fill(7))), "refused");
  for (const { what, bytes } of truncations(good)) yield inside(what, bytes, "refused");
  for (const { what, bytes } of bitFlips(good.subarray(0, HEAD_BYTES)))
    yield inside(what, concat(bytes, ex.chunk), "either");
}

export function* derCases(): Generator<Case> {
  yield* lengths();
  yield* integers();
  yield* structure();
}
