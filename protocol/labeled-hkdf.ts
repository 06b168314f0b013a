/** LabeledExtract and LabeledExpand, RFC 9180 section 4. */
import { concat, u16be, utf8 } from "./bytes.ts";
import { hkdfExpand, hkdfExtract } from "./mac.ts";

const HPKE_V1 = utf8("HPKE-v1");

/** @param suite - `KEM ‖ id` or `HPKE ‖ ids` */
export function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hkdfExtract(salt, HPKE_V1, suite, utf8(label), ikm);
}

/** @param suite - `KEM ‖ id` or `HPKE ‖ ids` @param length - bytes */
export function labeledExpand(
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return hkdfExpand(prk, concat(u16be(length), HPKE_V1, suite, utf8(label), info), length);
}
