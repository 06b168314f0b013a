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
const FIN = 1;

/** One packet: its length as IP says it, and its TCP payload. */
export type Packet = { readonly bytes: number; readonly payload: number; readonly fin: boolean };

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
      packets.push({ bytes, payload: bytes - headers, fin: (pcap.readUInt8(tcp + 13) & FIN) !== 0 });
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
