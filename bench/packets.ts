/** Sealing and opening a packet, against C doing the same. */
import {
  ed25519VerifyQuickly,
  keyPair,
  openPacket,
  sealPacket,
  ed25519Signer,
  signHello,
  zeroNonce,
} from "@bootseed/protocol";
import type { OpenPacketInput, SealPacketInput } from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { ownCpuUs, type Side, takeTurns } from "./measure.ts";
import type { PacketPeer } from "./peer.ts";
import { atLeast, atMost, compared, type Row } from "./row.ts";
import type { Bench } from "./bench.ts";

const LEAST = 0.85;
const GOAL = "≥ 0.85 × C";

/** A VM and a host with fresh keys, and everything that one packet between them needs. */
export type Pair = {
  readonly seal: SealPacketInput;
  /** the packet key's private half, for the C peer */
  readonly signSeed: Uint8Array;
  /** of a packet sealed from `seal` */
  openInput(bytes: Uint8Array): OpenPacketInput;
};

/** @param counter of the packet @param random bytes for keys, ids and the chunk */
export function pair(
  counter: number,
  random: (bytes: number) => Uint8Array = (n) => Uint8Array.from(randomBytes(n)),
): Pair {
  const packetKey = keyPair("ed25519", random(32));
  const identity = keyPair("ed25519", random(32));
  const receiveKey = keyPair("x25519", random(32));
  const [hostId, seedId, psk, nonce] = [random(8), random(16), random(32), zeroNonce()];
  const fields = { seedId, pkE: receiveKey.publicKey, lastCounter: counter - 1, statementSerial: 1 };
  const helloBytes = signHello(fields, { hostId, nonce }, ed25519Signer(identity.privateKey));
  const context = { hostId, seedId, psk, helloBytes, nonce };
  const signPacket = ed25519Signer(packetKey.privateKey);
  const plaintext = { timestamp: 1_800_000_000, counter, chunk: random(1024) };
  return {
    seal: { ...context, ...plaintext, pkE: receiveKey.publicKey, signPacket },
    signSeed: packetKey.privateKey,
    openInput: (bytes) => ({
      ...context,
      bytes,
      skE: receiveKey.privateKey,
      packetPk: packetKey.publicKey,
      lastCounter: counter - 1,
      // Both sides on OpenSSL: what is compared is the packet's format, not libraries.
      accepts: ed25519VerifyQuickly,
    }),
  };
}

/**
 * Each side opens the other's packet and finds the same chunk and the same key of the receipt: a peer that left out work
 * would not get here.
 * @throws BootseedError or Error when they do not understand each other
 */
export function requireInterop(peer: PacketPeer, one: Pair): void {
  const byPeer = peer.seal(one.seal, one.signSeed, 1);
  const openedHere = openPacket(one.openInput(byPeer.bytes));
  const byUs = sealPacket(one.seal);
  const openedThere = peer.open(one.openInput(byUs.bytes), 1);
  const same = [
    [openedHere.chunk, one.seal.chunk],
    [openedHere.receiptKey, byPeer.receiptKey],
    [openedThere.chunk, one.seal.chunk],
    [openedThere.receiptKey, byUs.receiptKey],
  ] as const;
  if (same.some(([a, b]) => Buffer.compare(a, b) !== 0) || openedThere.counter !== one.seal.counter)
    throw new Error("the C peer and protocol/ opened the same packet to different contents");
}

export const packets: Bench = {
  name: "packets",
  what: "seal and open a packet, against C with libcrypto",
  async run({ peers, quick, say }) {
    const peer = peers.packetPeer();
    const one = pair(1);
    requireInterop(peer, one);
    say("C and protocol/ opened each other's packets");
    const count = quick ? 1000 : 5000;
    const rounds = quick ? 3 : 9;
    const sealed = sealPacket(one.seal).bytes;
    const input = one.openInput(sealed);
    const here = (name: "ours", work: () => void): Side<"ours"> => ({
      name,
      run: async () => {
        for (let i = 0; i < count / 10; i++) work();
        const cpuUs = ownCpuUs(() => {
          for (let i = 0; i < count; i++) work();
        });
        return { count, cpuUs };
      },
    });
    const there = (work: () => { cpuUs: number }): Side<"c"> => ({
      name: "c",
      run: async () => ({ count, cpuUs: work().cpuUs }),
    });
    const seal = await takeTurns<"ours" | "c">(
      [here("ours", () => sealPacket(one.seal)), there(() => peer.seal(one.seal, one.signSeed, count))],
      rounds,
    );
    say("sealed");
    const open = await takeTurns<"ours" | "c">(
      [here("ours", () => openPacket(input)), there(() => peer.open(input, count))],
      rounds,
    );
    return [row("packet: seal", seal), row("packet: open", open), sizeRow(sealed.length)];
  },
};

function row(what: string, { ours, c }: { ours: number; c: number }): Row {
  return { what, value: ours, unit: "/cpu-s", ...compared(ours, "C", c), goal: atLeast(ours / c, LEAST, GOAL) };
}

function sizeRow(bytes: number): Row {
  return { what: "packet, unframed", value: bytes, unit: "B", goal: atMost(bytes, 1162, "≤ 1,162 B") };
}
