/** Vectors of what a host says about itself and derives: statement, keys. */
import { concat, lp, utf8 } from "../../../protocol/bytes.ts";
import { ed25519Signer, keyPair } from "../../../protocol/keys.ts";
import { encodeStatement, type StatementFields } from "../../../protocol/statement.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { signed } from "../../../protocol/testing/forge.ts";
import { patched } from "../../../protocol/testing/refusal.ts";
import { refuse, toHex, values, wrongLengths, type Accepted, type VectorFile } from "./vector.ts";

const other = keyPair("ed25519", ex.example("other root", 32));
const small = Uint8Array.of(1, ...new Uint8Array(31));
const body = ex.statement.subarray(0, -64);
/** up to and with the last pin */
const untilPins = body.subarray(0, 116);
const resigned = (changed: Uint8Array): Uint8Array => signed("statement", changed, ex.signRoot);
const withAddress = (address: Uint8Array): Uint8Array =>
  resigned(concat(untilPins, Uint8Array.of(1), lp(address), Uint8Array.of(0, 0)));

function accept(name: string, change: Partial<StatementFields>): Accepted {
  const fields = { ...ex.statementFields, ...change };
  return {
    name,
    fields: values({ ...fields, next: fields.next && { ...fields.next } }),
    bytes: toHex(encodeStatement(fields, ex.signRoot)),
  };
}

export const statement: VectorFile = {
  message: "statement",
  layout:
    "version ‖ hostId 8 ‖ serial u32 ‖ suite ‖ rootAlg ‖ rootPk 32|33 ‖ packetPk 32 ‖ intervalMs u32 ‖ n ‖ n × pin 32 ‖ m ‖ m × lp(address) ‖ lp(next rootAlg ‖ rootPk, or empty) ‖ sig 64 (label statement ‖ all before)",
  given: values({ rootSk: ex.root.privateKey, rootPk: ex.root.publicKey }),
  accepted: [
    accept("one pin, one address of 24 characters: 209 bytes", {}),
    accept("four pins, four addresses", {
      serial: 0xffff_ffff,
      pins: [1, 2, 3, 4].map((pin) => ex.example(`pin ${pin}`, 32)),
      addresses: ["192.0.2.1:7443", "[2001:db8::1]:7443", "host.example.net:443", "b:1"],
    }),
    accept("no pin, no address", { pins: [], addresses: [] }),
    accept("a next root, Ed25519", { serial: 2, next: { rootAlg: 1, rootPk: other.publicKey } }),
    accept("a next root, P-256", { serial: 2, next: { rootAlg: 2, rootPk: ex.example("p256", 33) } }),
  ],
  refused: [
    ...wrongLengths(ex.statement),
    refuse("version 2", "bad-version", resigned(patched(body, 0, 2))),
    refuse("suite 2", "bad-suite", resigned(patched(body, 13, 2))),
    refuse("root algorithm 0", "malformed", resigned(patched(body, 14, 0))),
    refuse("root algorithm 3", "malformed", resigned(patched(body, 14, 3))),
    refuse("root of small order", "small-order-key", resigned(patched(body, 15, ...small))),
    refuse("packet key of small order", "small-order-key", resigned(patched(body, 47, ...small))),
    refuse(
      "packet key of small order, not reduced, sign bit set",
      "small-order-key",
      resigned(patched(body, 47, 0xee, ...new Uint8Array(31).fill(0xff))),
    ),
    refuse(
      "five pins",
      "malformed",
      resigned(concat(patched(untilPins, 83, 5), ...Array.from({ length: 4 }, () => ex.tlsPin), body.subarray(116))),
    ),
    refuse(
      "five addresses",
      "malformed",
      resigned(
        concat(
          untilPins,
          Uint8Array.of(5),
          ...["a:1", "b:1", "c:1", "d:1", "e:1"].map((a) => lp(utf8(a))),
          Uint8Array.of(0, 0),
        ),
      ),
    ),
    refuse("address without a port", "malformed", withAddress(utf8("host.example.net"))),
    refuse("address with port 0", "malformed", withAddress(utf8("host.example.net:0"))),
    refuse("address with port 65536", "malformed", withAddress(utf8("host.example.net:65536"))),
    refuse("address with a control character", "malformed", withAddress(utf8("host\u001b[2J:443"))),
    refuse("address that is not ASCII", "malformed", withAddress(utf8("höst:443"))),
    refuse("address of 256 characters", "malformed", withAddress(utf8(`${"h".repeat(252)}:443`))),
    refuse(
      "next root cut short",
      "malformed",
      resigned(concat(body.subarray(0, -2), lp(concat(Uint8Array.of(1), other.publicKey.subarray(1))))),
    ),
    refuse(
      "next root of small order",
      "small-order-key",
      resigned(concat(body.subarray(0, -2), lp(concat(Uint8Array.of(1), small)))),
    ),
    refuse(
      "another root, which signed it",
      "mismatch",
      encodeStatement({ ...ex.statementFields, rootPk: other.publicKey }, ed25519Signer(other.privateKey)),
    ),
    refuse("signed by another root", "bad-signature", signed("statement", body, ed25519Signer(other.privateKey))),
    refuse("signed without the label", "bad-signature", concat(body, ex.signRoot(body))),
    refuse("signed with the label of another message", "bad-signature", signed("packet", body, ex.signRoot)),
  ],
};

export const derive: VectorFile = {
  message: "derive",
  layout:
    "K_x = HKDF-SHA256(secret, no salt, label x, 32) for x = claim, psk, token, join; claimKey = HMAC(K_claim, seedId); psk0 = HMAC(K_psk, label seed ‖ seedId); claimSecret = HMAC(K_psk, label claim ‖ seedId ‖ identityPk); psk = HMAC(psk0, label claim ‖ claimSecret)",
  given: values({ hostSecret: ex.hostSecret, seedId: ex.seedId, identityPk: ex.identity.publicKey }),
  accepted: [
    {
      name: "every derived key",
      fields: values({ ...ex.keys, claimKey: ex.claimKey, psk0: ex.psk0, claimSecret: ex.claimSecret }),
      bytes: toHex(ex.psk),
    },
  ],
  refused: [],
};
