/** LabeledExtract and LabeledExpand, RFC 9180 section 4. */
import { u16be, utf8 } from "./bytes.ts";
import { hkdfExpandParts, hkdfExtract } from "./mac.ts";

const HPKE_V1 = utf8("HPKE-v1");

/** The labels of RFC 9180 that are used, encoded once. */
const LABELS = new Map<string, Uint8Array>();

function labelBytes(label: string): Uint8Array {
  let bytes = LABELS.get(label);
  if (bytes === undefined) LABELS.set(label, (bytes = utf8(label)));
  return bytes;
}

/** @param suite - `KEM ‖ id` or `HPKE ‖ ids` */
export function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hkdfExtract(salt, HPKE_V1, suite, labelBytes(label), ikm);
}

/** @param suite - `KEM ‖ id` or `HPKE ‖ ids` @param length - bytes */
export function labeledExpand(
  suite: Uint8Array,
  prk: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  return hkdfExpandParts(prk, [u16be(length), HPKE_V1, suite, labelBytes(label), info], length);
}
