/** What hosts say in conformance tests: statements of every kind, and packets for the hello that the guest will send. */
import { p256 } from "@noble/curves/nist.js";
import { ed25519Signer, keyPair, type KeyPair, type Signer } from "../../protocol/keys.ts";
import { signHello } from "../../protocol/hello.ts";
import { sealPacket } from "../../protocol/packet.ts";
import { encodeStatement, type RootKey, type StatementFields } from "../../protocol/statement.ts";
import * as ex from "../../protocol/testing/example.ts";

/** A root key with its signer; several, by number. */
export interface Root extends RootKey {
  readonly sign: Signer;
}

export function ed25519Root(number: number): Root {
  const pair = number === 0 ? ex.root : keyPair("ed25519", ex.example(`root ${number}`, 32));
  return { rootAlg: 1, rootPk: pair.publicKey, sign: ed25519Signer(pair.privateKey) };
}

/** Signed by @noble/curves: the product's own verification must not be measured by its own signer. */
export function p256Root(number: number): Root {
  const sk = ex.example(`P-256 root ${number}`, 32);
  return { rootAlg: 2, rootPk: p256.getPublicKey(sk, true), sign: (message) => p256.sign(message, sk) };
}

export const packetKeyOf = (number: number): KeyPair => keyPair("ed25519", ex.example(`packet key ${number}`, 32));

/** A statement of the examples' host with some fields changed, signed by `root` (or by `signer` in its place). */
export function statementBy(root: Root, change: Partial<StatementFields>, signer: Root = root): Uint8Array {
  const { rootAlg, rootPk } = root;
  return encodeStatement({ ...ex.statementFields, rootAlg, rootPk, ...change }, signer.sign);
}

export interface Delivery {
  /** The guest's serial and counter when it says hello. */
  readonly serial?: number;
  readonly counter?: number;
  /** Of the packet; one more than the guest's by default. */
  readonly packetCounter?: number;
  readonly signPacket?: Signer;
  readonly chunk?: Uint8Array;
}

/** The hello that a guest in this state sends: the one-time key is fixed. */
export function helloFor({ serial = 1, counter = 0 }: Delivery): Uint8Array {
  const fields = { seedId: ex.seedId, pkE: ex.pkE.publicKey, lastCounter: counter, statementSerial: serial };
  return signHello(fields, { hostId: ex.hostId, nonce: ex.nonce }, ex.signIdentity);
}

/** A right packet for that hello. */
export function packetFor(delivery: Delivery): Uint8Array {
  const { counter = 0, packetCounter = counter + 1, signPacket = ex.signPacket, chunk = ex.chunk } = delivery;
  const context = { ...ex.packetContext, helloBytes: helloFor(delivery), pkE: ex.pkE.publicKey };
  return sealPacket({ ...context, timestamp: ex.now, counter: packetCounter, chunk, signPacket }).bytes;
}
