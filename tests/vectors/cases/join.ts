/** Vectors of joining: token, request, answer. */
import { concat, u8 } from "../../../protocol/bytes.ts";
import { instanceIdHash } from "../../../protocol/certificate.ts";
import {
  encodeJoin,
  encodeJoinAnswer,
  encodeJoinToken,
  type JoinFields,
  joinKeyFor,
  joinSeedIdFor,
} from "../../../protocol/join.ts";
import { sha256 } from "../../../protocol/mac.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { maced } from "../../../protocol/testing/forge.ts";
import { patched } from "../../../protocol/testing/refusal.ts";
import { refuse, toHex, values, wrongLengths, type VectorFile } from "./vector.ts";

const tokenId = ex.example("tokenId", 16);
const joinKey = joinKeyFor(ex.keys.kJoin, tokenId);
const small = Uint8Array.of(1, ...new Uint8Array(31));
const other = ex.example("other", 32);

const token = { hostId: ex.hostId, tokenId, joinKey, statement: ex.statement };
const tokenBytes = encodeJoinToken(token);
const summed = (body: Uint8Array): Uint8Array => concat(body, sha256(body));
const tokenBody = tokenBytes.subarray(0, -32);

export const joinToken: VectorFile = {
  message: "join token",
  layout: "version ‖ hostId 8 ‖ tokenId 16 ‖ joinKey 32 ‖ lp(statement) ‖ SHA-256 of all before 32",
  given: values({ hostSecret: ex.hostSecret }),
  accepted: [{ name: "with a statement of 209 bytes", fields: values(token), bytes: toHex(tokenBytes) }],
  refused: [
    ...wrongLengths(tokenBytes),
    refuse("version 2", "bad-version", summed(patched(tokenBody, 0, 2))),
    refuse("one bit of the key flipped", "bad-checksum", patched(tokenBytes, 30, (tokenBytes[30] ?? 0) ^ 1)),
    refuse("another host's statement", "mismatch", summed(patched(tokenBody, 1, ...other.subarray(0, 8)))),
  ],
};

const fields: JoinFields = {
  hostId: ex.hostId,
  tokenId,
  identityPk: ex.identity.publicKey,
  bootId: ex.bootId,
  instanceId: ex.instanceId,
  name: "db-1.example",
};
const request = encodeJoin(fields, joinKey, ex.tlsPin);
const body = request.subarray(0, -32);
const remade = (changed: Uint8Array, key: Uint8Array = joinKey): Uint8Array => maced("join", changed, key, ex.tlsPin);
const accept = (name: string, change: Partial<JoinFields>) => {
  const all = { ...fields, ...change };
  return { name, fields: values({ ...all }), bytes: toHex(encodeJoin(all, joinKey, ex.tlsPin)) };
};

export const join: VectorFile = {
  message: "join",
  layout:
    "body ‖ HMAC-SHA-256(joinKey, label join ‖ tlsPin 32 ‖ body) 32; body = version ‖ hostId 8 ‖ tokenId 16 ‖ identityPk 32 ‖ boot_id 16 ‖ lp(instance-id) ‖ lp(name)",
  given: values({ joinKey, tlsPin: ex.tlsPin }),
  accepted: [
    accept("a machine of a cloud", {}),
    accept("the longest name there is", { name: `a${"b".repeat(62)}` }),
    accept("no name: the one that the token allows", { name: "" }),
    accept("an instance-id of one character", { instanceId: "1", name: "x" }),
  ],
  refused: [
    ...wrongLengths(request),
    refuse("version 2", "bad-version", remade(patched(body, 0, 2))),
    refuse("identity of small order", "small-order-key", remade(patched(body, 25, ...small))),
    refuse("a space in the name", "malformed", remade(patched(body, body.length - 3, 0x20))),
    refuse("made with another token", "bad-mac", remade(body, other)),
    refuse("for another server", "bad-mac", request, { tlsPin: other }),
    refuse("under another label", "bad-mac", maced("claim", body, joinKey, ex.tlsPin)),
  ],
};

const answer = encodeJoinAnswer({ freshBytes: ex.freshBytes, psk: ex.psk, certificate: ex.certificate });

export const joinAnswer: VectorFile = {
  message: "join answer",
  layout: "64 fresh bytes ‖ psk 32 ‖ certificate 165",
  given: values({}),
  accepted: [
    {
      name: "261 bytes",
      fields: values({ freshBytes: ex.freshBytes, psk: ex.psk, certificate: ex.certificate }),
      bytes: toHex(answer),
    },
  ],
  refused: [
    ...wrongLengths(answer),
    refuse("a certificate of version 2", "bad-version", concat(answer.subarray(0, 96), u8(2), answer.subarray(97))),
  ],
};

const instanceHash = instanceIdHash(ex.instanceId);

export const joinSeedId: VectorFile = {
  message: "join seedId",
  layout:
    'joinKey = HMAC(K_join, label join ‖ tokenId); seedId = the first 16 bytes of HMAC(K_join, label join ‖ "seed" ‖ tokenId ‖ identityPk ‖ SHA-256(instance-id))',
  given: values({ kJoin: ex.keys.kJoin, tokenId, identityPk: ex.identity.publicKey, instanceId: ex.instanceId }),
  accepted: [
    {
      name: "of the machine above",
      fields: values({ joinKey }),
      bytes: toHex(joinSeedIdFor(ex.keys.kJoin, tokenId, ex.identity.publicKey, instanceHash)),
    },
  ],
  refused: [],
};
