/** Vectors of the packet, with every refusal in the order in which a guest checks. */
import { concat, u16be } from "../../../protocol/bytes.ts";
import { encodePlaintext } from "../../../protocol/der.ts";
import { sealPacket } from "../../../protocol/packet.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { packetAround, signedPacket } from "../../../protocol/testing/forge.ts";
import { patched } from "../../../protocol/testing/refusal.ts";
import { refuse, toHex, values, type Accepted, type Refused, type VectorFile } from "./vector.ts";

const unsigned = ex.sealed.bytes.subarray(0, -64);
const other = ex.example("other", 32);
const resigned = (changed: Uint8Array): Uint8Array => signedPacket(changed, ex.signPacket);

function accept(name: string, timestamp: number, counter: number): Accepted {
  const input = { ...ex.packetContext, pkE: ex.pkE.publicKey, timestamp, counter, chunk: ex.chunk };
  const { bytes, receiptKey } = sealPacket({ ...input, signPacket: ex.signPacket, ephemeral: ex.ephemeral });
  return { name, fields: values({ timestamp, counter, chunk: ex.chunk, receiptKey }), bytes: toHex(bytes) };
}

/** tag, definite length in the form that DER wants, content */
const tlv = (tag: number, content: Uint8Array): Uint8Array =>
  content.length < 0x80
    ? concat(Uint8Array.of(tag, content.length), content)
    : concat(Uint8Array.of(tag, 0x82), u16be(content.length), content);
const time = tlv(2, Uint8Array.of(0x6a, 0xb1, 0x3b, 0x80));
const octets = tlv(4, ex.chunk);
const sequence = (...parts: Uint8Array[]): Uint8Array => tlv(0x30, concat(...parts));
const withCounter = (...content: number[]): Uint8Array => sequence(time, tlv(2, Uint8Array.from(content)), octets);
const good = encodePlaintext({ timestamp: ex.now, counter: 1, chunk: ex.chunk });

function inside(name: string, code: string, plaintext: Uint8Array): Refused {
  return refuse(name, code, packetAround(plaintext));
}

export const packet: VectorFile = {
  message: "packet",
  layout:
    'version ‖ suite ‖ enc 32 ‖ ciphertext+tag ‖ packetPk\'s sig 64 (label packet ‖ version ‖ suite ‖ hostId ‖ SHA-256(nonce ‖ hello) ‖ enc ‖ ciphertext+tag); HPKE mode_psk to pkE, psk_id = seedId, info = label packet ‖ hostId ‖ seedId, aad empty; plaintext DER SEQUENCE { timestamp INTEGER, counter INTEGER, chunk OCTET STRING (1024) }; receiptKey = Export("bootseed v1 receipt", 32)',
  given: values({
    hostId: ex.hostId,
    seedId: ex.seedId,
    psk: ex.psk,
    hello: ex.hello,
    nonce: ex.nonce,
    skE: ex.pkE.privateKey,
    pkE: ex.pkE.publicKey,
    packetSk: ex.packetKey.privateKey,
    packetPk: ex.packetKey.publicKey,
    ephemeral: ex.ephemeral,
  }),
  accepted: [
    accept("the first: 1,155 bytes", ex.now, 1),
    accept("the longest there is: 1,162 bytes", 2 ** 39 - 1, 2 ** 53 - 1),
    accept("timestamp 0, counter 128", 0, 128),
  ],
  refused: [
    refuse("empty", "malformed", new Uint8Array(0)),
    refuse("4,097 bytes", "too-long", concat(ex.sealed.bytes, new Uint8Array(4097 - ex.sealed.bytes.length))),
    refuse("version 2", "bad-version", resigned(patched(unsigned, 0, 2))),
    refuse("suite 2", "bad-suite", resigned(patched(unsigned, 1, 2))),
    refuse("shorter than enc, tag and signature", "malformed", ex.sealed.bytes.slice(0, 113)),
    refuse("cut short by one byte", "bad-signature", ex.sealed.bytes.slice(0, -1)),
    refuse("one byte too many", "bad-signature", concat(ex.sealed.bytes, Uint8Array.of(0))),
    refuse("signed by the root", "bad-signature", signedPacket(unsigned, ex.signRoot)),
    refuse("for another host", "bad-signature", ex.sealed.bytes, { hostId: other.slice(0, 8) }),
    refuse("for another nonce", "bad-signature", ex.sealed.bytes, { nonce: other.slice(0, 16) }),
    refuse("answers another hello", "bad-signature", ex.sealed.bytes, {
      hello: patched(ex.hello, 125, (ex.hello[125] ?? 0) ^ 1),
    }),
    refuse("sealed with another PSK", "open-failed", packetAround(good, { psk: other })),
    refuse("sealed to another key", "open-failed", ex.sealed.bytes, { skE: other }),
    refuse("enc of small order", "open-failed", resigned(patched(unsigned, 2, ...new Uint8Array(32)))),
    refuse(
      "one bit of the tag flipped",
      "open-failed",
      resigned(patched(unsigned, unsigned.length - 1, (unsigned.at(-1) ?? 0) ^ 1)),
    ),
    inside("a byte after the sequence", "non-canonical", concat(good, Uint8Array.of(0))),
    inside(
      "a value after the chunk",
      "non-canonical",
      sequence(time, tlv(2, Uint8Array.of(1)), octets, Uint8Array.of(5, 0)),
    ),
    inside("padded counter", "non-canonical", withCounter(0, 1)),
    inside("empty counter", "non-canonical", withCounter()),
    inside("negative counter", "non-canonical", withCounter(0xff)),
    inside(
      "padded timestamp",
      "non-canonical",
      sequence(tlv(2, Uint8Array.of(0, 0x6a, 0xb1, 0x3b, 0x80)), tlv(2, Uint8Array.of(1)), octets),
    ),
    inside("long length where a short one fits", "non-canonical", sequence(time, Uint8Array.of(2, 0x81, 1, 1), octets)),
    inside("set in place of the sequence", "non-canonical", concat(Uint8Array.of(0x31), good.subarray(1))),
    inside("boolean as counter", "non-canonical", sequence(time, Uint8Array.of(1, 1, 1), octets)),
    inside("UTF-8 string as chunk", "non-canonical", sequence(time, tlv(2, Uint8Array.of(1)), tlv(12, ex.chunk))),
    inside(
      "timestamp 2^39",
      "malformed",
      sequence(tlv(2, Uint8Array.of(0, 0x80, 0, 0, 0, 0)), tlv(2, Uint8Array.of(1)), octets),
    ),
    inside("chunk of 1,023 bytes", "bad-chunk", sequence(time, tlv(2, Uint8Array.of(1)), tlv(4, ex.chunk.subarray(1)))),
    inside(
      "chunk of 1,025 bytes",
      "bad-chunk",
      sequence(time, tlv(2, Uint8Array.of(1)), tlv(4, concat(ex.chunk, Uint8Array.of(0)))),
    ),
    inside("counter 0", "bad-counter", withCounter(0)),
    inside("counter 2^53", "bad-counter", withCounter(0x20, 0, 0, 0, 0, 0, 0)),
    ...repeated(),
  ],
};

/** Counters that are not above the hello's lastCounter: 5. */
function repeated(): Refused[] {
  const hello = patched(ex.hello, 57, 5);
  return [5, 4].map((counter) => {
    const plaintext = encodePlaintext({ timestamp: ex.now, counter, chunk: ex.chunk });
    return refuse(`counter ${counter} after 5`, "bad-counter", packetAround(plaintext, { helloBytes: hello }), {
      hello,
    });
  });
}
