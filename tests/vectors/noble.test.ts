/** Every accepted vector, made again by the second implementation on @noble/*. */
import { describe, expect, it } from "vitest";
import type { VectorFile } from "./cases/vector.ts";
import { readVectors, toHex } from "./json.ts";
import { fileName, VECTOR_FILES } from "./make.ts";
import { derived, MAKERS, receiptKeyOf } from "./noble.ts";

describe.each(VECTOR_FILES.map(({ message }) => message))("%s, by noble", (message) => {
  const { accepted, given } = readVectors(fileName(message)) as VectorFile;
  // ECDSA vectors are noble's in the first place; the product and ssh-keygen are held against each other in protocol/.
  const own = accepted.filter(({ name }) => !name.startsWith("nistp"));

  it.each(own)("makes the same bytes: $name", ({ fields, bytes }) => {
    const make = MAKERS[message];
    expect(make === undefined ? `no maker for ${message}` : toHex(make(fields, given))).toBe(bytes);
  });
});

it("derives every key on the way to the PSK", () => {
  const { accepted, given } = readVectors("derive.json") as VectorFile;
  const { psk, ...others } = derived(given);
  expect(accepted[0]).toMatchObject({ fields: others, bytes: psk });
});

it("exports the receipt key of every packet", () => {
  const { accepted, given } = readVectors("packet.json") as VectorFile;
  for (const { fields } of accepted) expect(toHex(receiptKeyOf(given))).toBe(fields["receiptKey"]);
});
