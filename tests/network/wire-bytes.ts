/** Counts what goes over a wire, with tcpdump: bytes of IP packets, headers included. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Machine } from "./namespaces.ts";

/** Where tcpdump runs; nothing before it: here. */
type Place = Pick<Machine, "before">;

const PCAP_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET_HEADER = 14;
const [FIN, SYN] = [1, 2];

/** One packet: its length as IP says it, its TCP payload, and the place of that in its sender's stream. */
export type Packet = {
  readonly bytes: number;
  readonly payload: number;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly sequence: number;
  /** Sender's and receiver's addresses and ports, in hex. */
  readonly flow: string;
};

/**
 * Leaves out what TCP sends by its own decision, which depends on timers and on how busy the machine is: acknowledgements without data (delayed,
 * duplicate, selective) and segments that it sends again.
 *
 * @returns the first transmission of every SYN, FIN and byte of data
 */
export function firstTransmissions(packets: readonly Packet[]): Packet[] {
  const next = new Map<string, number>();
  return packets.filter(({ payload, syn, fin, sequence, flow }) => {
    // SYN and FIN take a sequence number each, as a byte does.
    const length = payload + Number(syn) + Number(fin);
    const expected = next.get(flow) ?? sequence;
    const isNew = length > 0 && ((sequence + length - expected) | 0) > 0;
    if (isNew) next.set(flow, sequence + length);
    return isNew;
  });
}

export class Capture implements AsyncDisposable {
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-pcap-"));
  /** Made by tcpdump some time after the start. */
  readonly file: string = join(this.#dir, "wire.pcap");
  readonly #child: ChildProcess;

  private constructor(machine: Place, device: string, filter: string) {
    const tcpdump = ["tcpdump", "-i", device, "-U", "--immediate-mode", "-Z", "root", "-w", this.file, filter];
    const [program = "", ...args] = [...machine.before, ...tcpdump];
    this.#child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  }

  /** Begins to capture; packets from now on count. @throws {Error} with tcpdump's words when it ends instead */
  static async start(machine: Place, device: string, filter: string): Promise<Capture> {
    const capture = new Capture(machine, device, filter);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    let said = "";
    // The pipe stays open: it says its line in four pieces, and one that nobody takes would end it.
    capture.#child.stderr?.on("data", (piece: Buffer) => {
      said += String(piece);
      if (/listening on .*\n/.test(said)) resolve(undefined);
    });
    capture.#child.once("exit", () => reject(new Error(`tcpdump ended: ${said}`)));
    await promise;
    return capture;
  }

  /** Waits until both sides closed their connections and the last packet is a plain acknowledgement. */
  async closed(connections = 1): Promise<Packet[]> {
    for (;;) {
      const packets = this.packets();
      if (packets.filter(({ fin }) => fin).length >= 2 * connections && packets.at(-1)?.fin === false) return packets;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) throw new Error("tcpdump ended");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  packets(): Packet[] {
    const pcap = readFileSync(this.file);
    const packets: Packet[] = [];
    for (let at = PCAP_HEADER; at + RECORD_HEADER <= pcap.length;) {
      const captured = pcap.readUInt32LE(at + 8);
      const ip = at + RECORD_HEADER + ETHERNET_HEADER;
      at += RECORD_HEADER + captured;
      if (at > pcap.length) break;
      const bytes = pcap.readUInt16BE(ip + 2);
      const tcp = ip + 4 * (pcap.readUInt8(ip) & 15);
      const headers = tcp - ip + 4 * (pcap.readUInt8(tcp + 12) >> 4);
      const flags = pcap.readUInt8(tcp + 13);
      packets.push({
        bytes,
        payload: bytes - headers,
        syn: (flags & SYN) !== 0,
        fin: (flags & FIN) !== 0,
        sequence: pcap.readUInt32BE(tcp + 4),
        flow: pcap.toString("hex", ip + 12, ip + 20) + pcap.toString("hex", tcp, tcp + 4),
      });
    }
    return packets;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "exit");
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
