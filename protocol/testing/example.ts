/**
 * One complete exchange between a host and a VM, the same bytes every time. For tests and vectors: every value is
 * derived from its name, so none is or ever was a secret.
 */
import { concat, lp, toHex, u32be, u8, utf8 } from "../bytes.ts";
import { encodeCertificate, instanceIdHash } from "../certificate.ts";
import { encodeClaim, encodeClaimAnswer } from "../claim.ts";
import { claimKeyFor, claimSecretFor, hostKeys, psk0For, pskFor, type HostKeys } from "../derive.ts";
import { signHello, zeroNonce } from "../hello.ts";
import { ed25519Signer, keyPair, type KeyPair, type Signer } from "../keys.ts";
import { hkdfSha256 } from "../mac.ts";
import { sealPacket, type OpenPacketInput, type PacketContext, type SealedPacket } from "../packet.ts";
import { encodeReceipt } from "../receipt.ts";
import type { Report } from "../report-json.ts";
import { HOST_KEY_NAMESPACE, REPORT_NAMESPACE, encodeReport } from "../report.ts";
import { encodeSeedEntry } from "../seed-entry.ts";
import { ed25519SshKey } from "../ssh-key.ts";
import { encodeStatement, hostIdOf, type StatementFields } from "../statement.ts";
import { signSshsig } from "./sign-sshsig.ts";

/** `length` bytes that look random and are derived from a name. */
export function example(name: string, length: number): Uint8Array {
  return hkdfSha256(utf8(name), new Uint8Array(0), utf8("bootseed test vector"), length);
}

export const root: KeyPair = keyPair("ed25519", example("root", 32));
export const packetKey: KeyPair = keyPair("ed25519", example("packet key", 32));
export const identity: KeyPair = keyPair("ed25519", example("identity", 32));
export const hostKey: KeyPair = keyPair("ed25519", example("ssh host key", 32));
export const pkE: KeyPair = keyPair("x25519", example("receive key", 32));
export const signRoot: Signer = ed25519Signer(root.privateKey);
export const signPacket: Signer = ed25519Signer(packetKey.privateKey);
export const signIdentity: Signer = ed25519Signer(identity.privateKey);

export const hostId: Uint8Array = hostIdOf(root.publicKey);
export const seedId: Uint8Array = example("seedId", 16);
export const hostSecret: Uint8Array = example("host secret", 32);
export const keys: HostKeys = hostKeys(hostSecret);
export const tlsPin: Uint8Array = example("tls pin", 32);
export const instanceId = "512345678";
export const bootId: Uint8Array = example("boot_id", 16);
export const now = 1_790_000_000;
export const nonce: Uint8Array = zeroNonce();

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
export const statement: Uint8Array = encodeStatement(statementFields, signRoot);

export const pool: Uint8Array = example("pool", 64);
export const claimKey: Uint8Array = claimKeyFor(keys.kClaim, seedId);
export const psk0: Uint8Array = psk0For(keys.kPsk, seedId);
export const seedEntry: Uint8Array = encodeSeedEntry({ hostId, seedId, pool, claimKey, psk0, statement });

export const claim: Uint8Array = encodeClaim(
  { hostId, seedId, identityPk: identity.publicKey, bootId, instanceId },
  claimKey,
  tlsPin,
);
export const claimSecret: Uint8Array = claimSecretFor(keys.kPsk, seedId, identity.publicKey);
export const psk: Uint8Array = pskFor(psk0, claimSecret);
export const certificate: Uint8Array = encodeCertificate(
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
export const freshBytes: Uint8Array = example("fresh bytes", 64);
export const claimAnswer: Uint8Array = encodeClaimAnswer({ state: 0, freshBytes, claimSecret, certificate });

export const hello: Uint8Array = signHello(
  { seedId, pkE: pkE.publicKey, lastCounter: 0, statementSerial: 1 },
  { hostId, nonce },
  signIdentity,
);
export const chunk: Uint8Array = example("chunk", 1024);
export const ephemeral: Uint8Array = example("ephemeral", 32);
export const packetContext: PacketContext = { hostId, seedId, psk, helloBytes: hello, nonce };
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
export const receipt: Uint8Array = encodeReceipt({ counter: 1, rcMix: 0, rcReseed: 0 }, sealed.receiptKey);

const hostKeyLine = `ssh-ed25519 ${Buffer.from(ed25519SshKey(hostKey.publicKey)).toString("base64")}`;

export const reportJson: Report = {
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
export const report: Uint8Array = signReport(utf8(JSON.stringify(reportJson)));

/** The same parts put together without any check, for reports that an encoder would not make. */
export function rawReport(json: Uint8Array, sigs: readonly Uint8Array[]): Uint8Array {
  const [identitySig = new Uint8Array(0), ...rest] = sigs;
  return concat(u32be(json.length), json, lp(identitySig), u8(rest.length), ...rest.map((sig) => lp(sig)));
}
