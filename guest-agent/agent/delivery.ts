/** One delivery on the guest's side, whatever carries it: hello out, answer in, receipt out (docs/protocol.md, Delivery). */
import {
  concat,
  ed25519Signer,
  encodePacketRequest,
  encodeReceipt,
  followStatements,
  keyPair,
  label,
  openPacket,
  parsePacketAnswer,
  signHello,
  wipe,
} from "@bootseed/protocol";
import { createHash } from "node:crypto";
import type { HostFolder } from "./host-folder.ts";
import type { World } from "./world.ts";

/** What was delivered, and what to tell the host of it. */
export interface Delivered {
  readonly counter: number;
  readonly timestamp: number;
  readonly rcMix: number;
  readonly rcReseed: number;
  /** 42 bytes */
  readonly receipt: Uint8Array;
}

/** A hello that was made for one answer. */
export interface Delivery {
  /** 126 bytes */
  readonly hello: Uint8Array;
  /** The same hello with everything that a host needs which does not know this machine. */
  proof(): Uint8Array;
  /**
   * Verifies, opens, persists the counter, mixes, reseeds: in this order, and nothing after the first that fails. It can
   * be used once: the receive key is wiped.
   * @throws BootseedError for what is refused; whatever the disk throws: then nothing was mixed
   */
  accept(answer: Uint8Array): Promise<Delivered>;
  /** Wipes the receive key: no answer came. */
  abandon(): void;
}

/**
 * @param nonce 16 bytes: the host's in `tcp`, zero over TLS
 * @throws Refusal when a state file is gone or damaged
 */
export async function beginDelivery(world: World, folder: HostFolder, nonce: Uint8Array): Promise<Delivery> {
  const statement = folder.statement();
  const certificate = folder.certificate();
  const { seedId } = certificate;
  const lastCounter = folder.counter();
  const psk = folder.psk();
  const identity = folder.identity();
  // A reseed first, and then the kernel's bytes: a clone of this machine shares the generator's state from before the
  // reseed, and with it that of this process.
  await world.kernel.reseed();
  const secret = world.random(32);
  const receiveKey = keyPair("x25519", secret);
  wipe(secret);
  const fields = { seedId, pkE: receiveKey.publicKey, lastCounter, statementSerial: statement.serial };
  const hello = signHello(fields, { hostId: folder.hostId, nonce }, ed25519Signer(identity.privateKey));
  wipe(identity.privateKey);

  const proof = (): Uint8Array =>
    encodePacketRequest({ hello, certificate: certificate.bytes, statements: folder.proofs() });
  const abandon = (): void => wipe(receiveKey.privateKey, psk);
  const accept = async (bytes: Uint8Array): Promise<Delivered> => {
    const arrived = world.clocks();
    try {
      const answer = parsePacketAnswer(bytes);
      const known = folder.statement();
      const newest = followStatements(known, answer.statements);
      // Authentic by itself: kept even if the packet turns out to be none.
      if (newest === known) folder.keepIssuer(known);
      else folder.keepStatement(newest);
      const context = { hostId: folder.hostId, seedId, psk, helloBytes: hello, nonce };
      const { packetPk } = newest;
      const opened = openPacket({
        ...context,
        bytes: answer.packet,
        skE: receiveKey.privateKey,
        packetPk,
        // As the statement, not the hello's: another delivery of this host may have ended meanwhile.
        lastCounter: folder.counter(),
      });
      const { counter, timestamp, chunk, receiptKey } = opened;
      folder.keepCounter(counter);
      const mixed = createHash("sha512")
        .update(concat(label("packet"), chunk, arrived))
        .digest();
      const codes = await world.kernel.mixAndReseed(mixed);
      const receipt = encodeReceipt({ counter, ...codes }, receiptKey);
      wipe(chunk, receiptKey, mixed);
      return { counter, timestamp, ...codes, receipt };
    } finally {
      abandon();
    }
  };
  return { hello, proof, accept, abandon };
}
