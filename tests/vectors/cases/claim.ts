/** Vectors of enrolment: claim, answer, certificate. */
import { concat, lp } from "../../../protocol/bytes.ts";
import { encodeCertificate, instanceIdHash, type CertificateFields } from "../../../protocol/certificate.ts";
import { encodeClaim, encodeClaimAnswer, type ClaimFields } from "../../../protocol/claim.ts";
import { hmacSha256 } from "../../../protocol/mac.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { maced, signed } from "../../../protocol/testing/forge.ts";
import { patched } from "../../../protocol/testing/refusal.ts";
import { refuse, toHex, values, wrongLengths, type Accepted, type VectorFile } from "./vector.ts";

const fields: ClaimFields = {
  hostId: ex.hostId,
  seedId: ex.seedId,
  identityPk: ex.identity.publicKey,
  bootId: ex.bootId,
  instanceId: ex.instanceId,
};
const body = ex.claim.subarray(0, -32);
const untilInstanceId = body.subarray(0, 73);
const small = Uint8Array.of(1, ...new Uint8Array(31));
const other = ex.example("other", 32);
const remaced = (changed: Uint8Array): Uint8Array => maced("claim", changed, ex.claimKey, ex.tlsPin);

function accept(name: string, change: Partial<ClaimFields>): Accepted {
  const all = { ...fields, ...change };
  return { name, fields: values({ ...all }), bytes: toHex(encodeClaim(all, ex.claimKey, ex.tlsPin)) };
}

export const claim: VectorFile = {
  message: "claim",
  layout:
    "body ‖ HMAC-SHA-256(claimKey, label claim ‖ tlsPin 32 ‖ body) 32; body = version ‖ hostId 8 ‖ seedId 16 ‖ identityPk 32 ‖ boot_id 16 ‖ lp(instance-id)",
  given: values({ claimKey: ex.claimKey, tlsPin: ex.tlsPin }),
  accepted: [
    accept("a droplet's number", {}),
    accept("an instance-id of 255 bytes", { instanceId: "i".repeat(255) }),
    accept("an instance-id that is not ASCII", { instanceId: "vm-ü-東" }),
  ],
  refused: [
    ...wrongLengths(ex.claim),
    refuse("version 2", "bad-version", remaced(patched(body, 0, 2))),
    refuse("identity of small order", "small-order-key", remaced(patched(body, 25, ...small))),
    refuse("empty instance-id", "malformed", remaced(concat(untilInstanceId, lp(new Uint8Array(0))))),
    refuse(
      "instance-id of 256 bytes",
      "malformed",
      remaced(concat(untilInstanceId, lp(new Uint8Array(256).fill(0x69)))),
    ),
    refuse("instance-id that is not UTF-8", "malformed", remaced(concat(untilInstanceId, lp(Uint8Array.of(0xff))))),
    refuse("another claim key", "bad-mac", maced("claim", body, other, ex.tlsPin)),
    refuse("another TLS server", "bad-mac", maced("claim", body, ex.claimKey, other)),
    refuse("MAC without the label", "bad-mac", concat(body, hmacSha256(ex.claimKey, ex.tlsPin, body))),
  ],
};

const certificateFields: CertificateFields = {
  hostId: ex.hostId,
  seedId: ex.seedId,
  identityPk: ex.identity.publicKey,
  instanceIdHash: instanceIdHash(ex.instanceId),
  issuedAt: ex.now,
  statementSerial: 1,
};
const certificateBody = ex.certificate.subarray(0, -64);
const resigned = (changed: Uint8Array): Uint8Array => signed("enrolment", changed, ex.signPacket);

export const certificate: VectorFile = {
  message: "certificate",
  layout:
    "version ‖ hostId 8 ‖ seedId 16 ‖ identityPk 32 ‖ SHA-256(instance-id) 32 ‖ issuedAt u64 ‖ statementSerial u32 ‖ packetPk's sig 64 (label enrolment ‖ all before)",
  given: values({ packetSk: ex.packetKey.privateKey, packetPk: ex.packetKey.publicKey }),
  accepted: [
    {
      name: "165 bytes",
      fields: values({ ...certificateFields, instanceId: ex.instanceId }),
      bytes: toHex(ex.certificate),
    },
  ],
  refused: [
    ...wrongLengths(ex.certificate),
    refuse("version 2", "bad-version", resigned(patched(certificateBody, 0, 2))),
    refuse("identity of small order", "small-order-key", resigned(patched(certificateBody, 25, ...small))),
    refuse("issued after 2^53 - 1", "malformed", resigned(patched(certificateBody, 89, 0, 0x20, 0, 0, 0, 0, 0, 0))),
    refuse("signed by the root", "bad-signature", encodeCertificate(certificateFields, ex.signRoot)),
    refuse("signed without the label", "bad-signature", concat(certificateBody, ex.signPacket(certificateBody))),
  ],
};

export const claimAnswer: VectorFile = {
  message: "claim answer",
  layout: "state ‖ 64 fresh bytes ‖ (state 0: claimSecret 32 ‖ certificate 165)",
  given: {},
  accepted: [
    {
      name: "state 0, final: 262 bytes",
      fields: values({ state: 0, freshBytes: ex.freshBytes, claimSecret: ex.claimSecret, certificate: ex.certificate }),
      bytes: toHex(ex.claimAnswer),
    },
    ...([1, 2, 3] as const).map((state) => ({
      name: `state ${state}: 65 bytes`,
      fields: values({ state, freshBytes: ex.freshBytes }),
      bytes: toHex(encodeClaimAnswer({ state, freshBytes: ex.freshBytes })),
    })),
  ],
  refused: [
    ...wrongLengths(ex.claimAnswer),
    refuse("state 4", "malformed", patched(ex.claimAnswer.slice(0, 65), 0, 4)),
    refuse("state 0 without a certificate", "malformed", ex.claimAnswer.slice(0, 65)),
    refuse("state 1 with a certificate", "malformed", patched(ex.claimAnswer, 0, 1)),
  ],
};
