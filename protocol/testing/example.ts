/**
 * One complete exchange between a host and a VM, the same bytes every time. For tests and vectors: every value is
 * derived from its name, so none is or ever was a secret.
 */
import { concat, lp, toHex, u32be, u8, utf8 } from "../bytes.ts";
import { encodeCertificate, instanceIdHash } from "../certificate.ts";
import { encodeClaim, encodeClaimAnswer } from "../claim.ts";
import { claimKeyFor, claimSecretFor, hostKeys, psk0For, pskFor } from "../derive.ts";
import { signHello, zeroNonce } from "../hello.ts";
import { ed25519Signer, keyPair } from "../keys.ts";
import { hkdfSha256 } from "../mac.ts";
import { sealPacket, type OpenPacketInput, type SealedPacket } from "../packet.ts";
import { encodeReceipt } from "../receipt.ts";
import { HOST_KEY_NAMESPACE, REPORT_NAMESPACE, encodeReport } from "../report.ts";
import { encodeSeedEntry } from "../seed-entry.ts";
import { ed25519SshKey } from "../ssh-key.ts";
import { encodeStatement, hostIdOf, type StatementFields } from "../statement.ts";
import { signSshsig } from "./sign-sshsig.ts";

/** `length` bytes that look random and are derived from a name. */
export function example(name: string, length: number): Uint8Array {
  return hkdfSha256(utf8(name), new Uint8Array(0), utf8("bootseed test vector"), length);
}

export const root = keyPair("ed25519", example("root", 32));
export const packetKey = keyPair("ed25519", example("packet key", 32));
export const identity = keyPair("ed25519", example("identity", 32));
export const hostKey = keyPair("ed25519", example("ssh host key", 32));
export const pkE = keyPair("x25519", example("receive key", 32));
export const signRoot = ed25519Signer(root.privateKey);
export const signPacket = ed25519Signer(packetKey.privateKey);
export const signIdentity = ed25519Signer(identity.privateKey);

export const hostId = hostIdOf(root.publicKey);
export const seedId = example("seedId", 16);
export const hostSecret = example("host secret", 32);
export const keys = hostKeys(hostSecret);
export const tlsPin = example("tls pin", 32);
export const instanceId = "512345678";
export const bootId = example("boot_id", 16);
export const now = 1_790_000_000;
export const nonce = zeroNonce();

export const statementFields: StatementFields = {
  hostId,
  serial: 1,
  rootAlg: 1,
  rootPk: root.publicKey,
  packetPk: packetKey.publicKey,
  intervalMs: 21_600_000,
  pins: [tlsPin],
  addresses: ["host-1.example.net:17443"],
};
export const statement = encodeStatement(statementFields, signRoot);

export const pool = example("pool", 64);
export const claimKey = claimKeyFor(keys.kClaim, seedId);
export const psk0 = psk0For(keys.kPsk, seedId);
export const seedEntry = encodeSeedEntry({ hostId, seedId, pool, claimKey, psk0, statement });

export const claim = encodeClaim(
  { hostId, seedId, identityPk: identity.publicKey, bootId, instanceId },
  claimKey,
  tlsPin,
);
export const claimSecret = claimSecretFor(keys.kPsk, seedId, identity.publicKey);
export const psk = pskFor(psk0, claimSecret);
export const certificate = encodeCertificate(
  {
    hostId,
    seedId,
    identityPk: identity.publicKey,
    instanceIdHash: instanceIdHash(instanceId),
    issuedAt: now,
    statementSerial: 1,
  },
  signPacket,
);
export const freshBytes = example("fresh bytes", 64);
export const claimAnswer = encodeClaimAnswer({ state: 0, freshBytes, claimSecret, certificate });

export const hello = signHello(
  { seedId, pkE: pkE.publicKey, lastCounter: 0, statementSerial: 1 },
  { hostId, nonce },
  signIdentity,
);
export const chunk = example("chunk", 1024);
export const ephemeral = example("ephemeral", 32);
export const packetContext = { hostId, seedId, psk, helloBytes: hello, nonce };
export const sealed: SealedPacket = sealPacket({
  ...packetContext,
  pkE: pkE.publicKey,
  timestamp: now,
  counter: 1,
  chunk,
  signPacket,
  ephemeral,
});
export const openInput: OpenPacketInput = {
  ...packetContext,
  bytes: sealed.bytes,
  skE: pkE.privateKey,
  packetPk: packetKey.publicKey,
  lastCounter: 0,
};
export const receipt = encodeReceipt({ counter: 1, rcMix: 0, rcReseed: 0 }, sealed.receiptKey);

const hostKeyLine = `ssh-ed25519 ${Buffer.from(ed25519SshKey(hostKey.publicKey)).toString("base64")}`;

export const reportJson = {
  hostId: toHex(hostId),
  seedId: toHex(seedId),
  identityPk: toHex(identity.publicKey),
  instanceId,
  bootId: "01234567-89ab-4cde-8f01-23456789abcd",
  verdict: "reseeded",
  evidence: {
    rcMix: 0,
    rcReseed: 0,
    hostKeysBefore: 0,
    kernel: "6.1.0-37-cloud-amd64",
    poolsize: 256,
    fipsEnabled: 0,
    rngCurrent: "virtio_rng.0",
    gate: "passed",
    timeline: [
      ["hook", 23.41],
      ["mix", 23.43],
      ["reseed", 23.43],
    ],
  },
  hostKeys: [hostKeyLine],
  versions: { kit: "0.1.0", python: "3.11.2" },
};

/** Signs a report's JSON as the guest does. */
export function signReport(json: Uint8Array): Uint8Array {
  return encodeReport({
    json,
    identitySig: signSshsig(identity, json, REPORT_NAMESPACE),
    hostKeySigs: [signSshsig(hostKey, json, HOST_KEY_NAMESPACE)],
  });
}
export const report = signReport(utf8(JSON.stringify(reportJson)));

/** The same parts put together without any check, for reports that an encoder would not make. */
export function rawReport(json: Uint8Array, sigs: readonly Uint8Array[]): Uint8Array {
  const [identitySig = new Uint8Array(0), ...rest] = sigs;
  return concat(u32be(json.length), json, lp(identitySig), u8(rest.length), ...rest.map((sig) => lp(sig)));
}
