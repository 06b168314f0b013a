/** Every vector against the product: its parsers and verifiers accept and refuse exactly so. */
import { describe, expect, it } from "vitest";
import * as p from "../../protocol/index.ts";
import { refusal } from "../../protocol/testing/refusal.ts";
import type { Json, Values, VectorFile } from "./cases/vector.ts";
import { type Check, GUEST_CHECKS } from "./guest-checks.ts";
import { hex, readVectors, toHex } from "./json.ts";
import { fileName, VECTOR_FILES } from "./make.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");

const CHECKS: Readonly<Record<string, Check>> = {
  ...GUEST_CHECKS,
  report(bytes, known) {
    const report = p.parseReport(bytes);
    p.verifyReport(report, known("identityPk"));
    return { json: text(report.json) };
  },
  sshsig(bytes, known, given) {
    p.verifySshsig(bytes, known("message"), String(given["namespace"]), known("publicKey"));
    return { publicKey: p.parseSshsig(bytes).publicKey };
  },
  "reservation token": (bytes, known, given) =>
    p.verifyToken(text(bytes), known("seedId"), known("kToken"), Number(given["now"])),
};

/** What was read, in the form that vector files have. */
function plain(value: unknown): Json {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value as Json;
}

function check(message: string, bytes: string, given: Values): object {
  const action = CHECKS[message];
  if (action === undefined) throw new Error(`no check for ${message}`);
  return action(hex(bytes), (name) => hex(String(given[name])), given);
}

const DERIVED = ["derive", "mix", "join seedId"];
const names = VECTOR_FILES.map(({ message }) => message).filter((message) => !DERIVED.includes(message));

describe.each(names)("%s, by the product", (message) => {
  const file = readVectors(fileName(message)) as VectorFile;

  it.each(file.accepted)("accepts: $name", ({ fields, bytes }) => {
    // In sshsig.json each case has a key of its own, and a guest knows a statement of its own before each answer;
    // elsewhere no field is named like a given value that it differs from.
    const own = message === "sshsig" || message === "statements answer";
    const given = own ? { ...file.given, ...fields } : file.given;
    const { instanceId, known: _known, ...compared } = fields;
    const read = plain(check(message, bytes, given));
    expect(read).toMatchObject(message === "certificate" || own ? compared : fields);
    if (message === "certificate") expect(toHex(p.instanceIdHash(String(instanceId)))).toBe(fields["instanceIdHash"]);
  });

  it.each(file.refused)("refuses as $code: $name", ({ bytes, code, given }) => {
    expect(refusal(() => check(message, bytes, { ...file.given, ...given }))).toBe(code);
  });
});

it("derives key and seedId of a joined machine", () => {
  const { given, accepted } = readVectors("join-seedId.json") as VectorFile;
  const [kJoin, tokenId, identityPk] = ["kJoin", "tokenId", "identityPk"].map((name) => hex(String(given[name])));
  if (kJoin === undefined || tokenId === undefined || identityPk === undefined) throw new Error("expected three keys");
  expect(toHex(p.joinKeyFor(kJoin, tokenId))).toBe(accepted[0]?.fields["joinKey"]);
  const hash = p.instanceIdHash(String(given["instanceId"]));
  expect(toHex(p.joinSeedIdFor(kJoin, tokenId, identityPk, hash))).toBe(accepted[0]?.bytes);
});

it("names every refusal once", () => {
  for (const { message, refused } of VECTOR_FILES) {
    const refusedNames = refused.map(({ name }) => name);
    expect(new Set(refusedNames).size, message).toBe(refusedNames.length);
  }
});
