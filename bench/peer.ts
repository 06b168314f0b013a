/** The C peers: built on the spot with gcc and libcrypto, fed through stdin. */
import {
  concat,
  fromHex,
  type OpenPacketInput,
  type PacketContext,
  type SealPacketInput,
  u64be,
} from "@bootseed/protocol";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SOURCES = join(import.meta.dirname, "peer");
const FLAGS = ["-std=c17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror"];

/** A folder of built programs, removed with the object. */
export class Peers implements Disposable {
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-bench-"));

  /** @returns the program's path @throws Error with gcc's words: install gcc and libssl-dev */
  build(name: string, sources: readonly string[], libraries: readonly string[] = []): string {
    const out = join(this.#dir, name);
    const files = sources.map((source) => join(SOURCES, source));
    execFileSync("gcc", [...FLAGS, ...files, ...libraries, "-o", out], { stdio: ["ignore", "ignore", "pipe"] });
    return out;
  }

  /** The packet in C. */
  packetPeer(): PacketPeer {
    return new PacketPeer(this.build("packet-peer", ["packet.c", "hpke.c"], ["-lcrypto"]));
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Processor time of the rounds, and the fields of the last result in hexadecimal. */
export type PeerRun = { readonly cpuUs: number; readonly fields: ReadonlyMap<string, string> };

/** `seal` and `open` of one packet, over and over. */
export class PacketPeer {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  /** @param signSeed the packet key's private half, 32 bytes */
  seal(input: Omit<SealPacketInput, "signPacket">, signSeed: Uint8Array, rounds: number): PeerRun & SealedByPeer {
    const fixed = this.#input(input, input.pkE, signSeed, input.timestamp, input.counter);
    const run = this.#run("seal", rounds, concat(fixed, input.chunk));
    return { ...run, bytes: field(run, "packet"), receiptKey: field(run, "receipt_key") };
  }

  open(input: OpenPacketInput, rounds: number): PeerRun & OpenedByPeer {
    const fixed = this.#input(input, input.skE, input.packetPk, 0, input.lastCounter);
    const run = this.#run("open", rounds, concat(fixed, input.bytes));
    return {
      ...run,
      timestamp: Number(run.fields.get("timestamp")),
      counter: Number(run.fields.get("counter")),
      chunk: field(run, "chunk"),
      receiptKey: field(run, "receipt_key"),
    };
  }

  /** The struct `input` of packet.c. */
  #input(context: PacketContext, x25519: Uint8Array, ed25519: Uint8Array, time: number, counter: number): Uint8Array {
    const { hostId, seedId, psk, helloBytes, nonce } = context;
    return concat(hostId, seedId, psk, helloBytes, nonce, x25519, ed25519, u64be(time), u64be(counter));
  }

  #run(verb: string, rounds: number, input: Uint8Array): PeerRun {
    const { status, stdout, stderr } = spawnSync(this.#program, [verb, String(rounds)], { input, encoding: "utf8" });
    if (status !== 0) throw new Error(`packet-peer ${verb} ended with ${status}: ${stderr}`);
    const lines = stdout.trim().split("\n");
    const fields = new Map(lines.map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]));
    return { cpuUs: Number(fields.get("cpu_us")), fields };
  }
}

type SealedByPeer = { readonly bytes: Uint8Array; readonly receiptKey: Uint8Array };
type OpenedByPeer = {
  readonly timestamp: number;
  readonly counter: number;
  readonly chunk: Uint8Array;
  readonly receiptKey: Uint8Array;
};

function field(run: PeerRun, name: string): Uint8Array {
  return fromHex(run.fields.get(name) ?? "missing");
}
