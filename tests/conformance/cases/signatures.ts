/**
 * Ed25519 signatures on which libraries are known to disagree ("Taming the many EdDSAs", https://eprint.iacr.org/2020/1244):
 * keys and R with a torsion component, encodings that are not reduced, S that is not. What is expected follows from how
 * each was made, not from a library's verdict (docs/protocol.md, Signatures).
 */
import { ed25519, ED25519_TORSION_SUBGROUP } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat, fromHex, u32be, utf8 } from "../../../protocol/bytes.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { hex, readVectors } from "../../vectors/json.ts";

export interface SignatureCase {
  readonly name: string;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
  readonly expected: "accepted" | "bad-signature" | "small-order-key";
}

const { Point } = ed25519;
type Curve = InstanceType<typeof Point>;
const ORDER = Point.Fn.ORDER;
const P = Point.Fp.ORDER;
const torsion: Curve[] = ED25519_TORSION_SUBGROUP.map((text: string) => Point.fromHex(text, true));

const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from(fromHex(value.toString(16).padStart(64, "0"))).toReversed();
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);
const hram = (R: Uint8Array, A: Uint8Array, message: Uint8Array): bigint =>
  number(sha512(concat(R, A, message))) % ORDER;

/** a, r: private scalars; TA, TR: what is added to key and R. S is right but for the torsion. */
function mixed(name: string, TA: Curve, TR: Curve, message: Uint8Array): SignatureCase {
  const [a, r] = [number(ex.example("scalar a", 32)) % ORDER, number(ex.example("scalar r", 32)) % ORDER];
  const A = Point.BASE.multiply(a).add(TA).toBytes();
  const R = Point.BASE.multiply(r).add(TR).toBytes();
  const k = hram(R, A, message);
  const signature = concat(R, littleEndian((r + k * a) % ORDER));
  // S·B = R + k·A, without the cofactor: what torsion adds to the right side has to be zero.
  const equal = TR.add(TA.multiplyUnsafe(k)).equals(Point.ZERO);
  return { name, publicKey: A, signature, message, expected: equal ? "accepted" : "bad-signature" };
}

/** Every torsion in key and R, several messages: some verify without the cofactor, all verify with it. */
export function* signatureCases(): Generator<SignatureCase> {
  for (const [i, TA] of torsion.entries())
    for (const [j, TR] of torsion.entries())
      for (let n = 0; n < 8; n++) yield mixed(`torsion ${i} in the key, ${j} in R, message ${n}`, TA, TR, u32be(n));

  const good = mixed("", Point.ZERO, Point.ZERO, utf8("message"));
  const [R, S] = [good.signature.subarray(0, 32), number(good.signature.subarray(32))];
  const withS = (name: string, s: bigint): SignatureCase => ({
    ...good,
    name,
    signature: concat(R, littleEndian(s)),
    expected: "bad-signature",
  });
  yield withS("S + L", S + ORDER);
  yield withS("S + 8 L", S + 8n * ORDER);
  yield withS("S = L - S", ORDER - S);
  yield withS("S = 0", 0n);
  yield withS("S = L", ORDER);
  yield withS("S of all ones", 2n ** 256n - 1n);

  // Small-order and not reduced: y + p, and -0.
  for (const y of [0n, 1n, 2n, 3n, 4n, 5n, 9n, 14n, 15n, 16n, 18n])
    for (const sign of [0n, 1n]) {
      const encoding = littleEndian(y + P + (sign << 255n));
      yield {
        ...good,
        name: `R = ${y} + p, sign ${sign}`,
        signature: concat(encoding, littleEndian(S)),
        expected: "bad-signature",
      };
      for (let n = 0; n < 4; n++)
        yield {
          name: `key = ${y} + p, sign ${sign}, S = 0, message ${n}`,
          publicKey: encoding,
          signature: concat(littleEndian(1n), littleEndian(0n)),
          message: u32be(n),
          // y below 2 is of order 1 or 4; the others are of full order, or no points.
          expected: y < 2n ? "small-order-key" : "bad-signature",
        };
    }
  for (const [i, T] of torsion.entries())
    for (const [j, TR] of torsion.entries())
      for (let n = 0; n < 4; n++)
        yield {
          name: `key of small order ${i}, R of small order ${j}, S = 0, message ${n}`,
          publicKey: T.toBytes(),
          signature: concat(TR.toBytes(), littleEndian(0n)),
          message: u32be(n),
          expected: "small-order-key",
        };
  yield* smallR();
  yield* specCheck();
}

/** S = k·a and R of small order: where the torsion adds up to zero, only the order of R is wrong. */
function* smallR(): Generator<SignatureCase> {
  const a = number(ex.example("scalar a", 32)) % ORDER;
  for (const [i, TA] of torsion.entries())
    for (const [j, TR] of torsion.entries())
      for (let n = 0; n < 4; n++) {
        const [publicKey, R, message] = [Point.BASE.multiply(a).add(TA).toBytes(), TR.toBytes(), u32be(n)];
        const signature = concat(R, littleEndian((hram(R, publicKey, message) * a) % ORDER));
        const name = `torsion ${i} in the key, R of small order ${j}, message ${n}`;
        yield { name, publicKey, signature, message, expected: "bad-signature" };
      }
}

/** The published cases: of the twelve, only the one with a key and an R of mixed order is accepted. */
function* specCheck(): Generator<SignatureCase> {
  const { cases } = readVectors("ed25519-speccheck.json") as {
    cases: readonly Record<"name" | "message" | "publicKey" | "signature", string>[];
  };
  for (const [i, { name, message, publicKey, signature }] of cases.entries())
    yield {
      name: `speccheck ${i}: ${name}`,
      publicKey: hex(publicKey),
      message: hex(message),
      signature: hex(signature),
      expected: i === 3 ? "accepted" : [0, 1, 10, 11].includes(i) ? "small-order-key" : "bad-signature",
    };
}
