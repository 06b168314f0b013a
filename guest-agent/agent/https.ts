/** The real network: one TLS 1.3 connection, names and dates ignored, its certificate's hash for the caller to judge. */
import { BootseedError, sha256 } from "@bootseed/protocol";
import { Agent, request as httpsRequest } from "node:https";
import { connect as tlsConnect, type TLSSocket } from "node:tls";
import type { Answer, Connection, Network } from "./world.ts";

/** From the first packet to the last byte of the answer (docs/protocol.md, Transport: pull). */
const DEADLINE_MS = 10_000;
/** Answers are at most 32 statements and a packet. */
const MAX_ANSWER_BYTES = 65_536;

/** `host:port`, brackets of IPv6 removed. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}

export const httpsNetwork: Network = {
  async connect(address) {
    const deadline = AbortSignal.timeout(DEADLINE_MS);
    const socket = await open(address, deadline);
    const pin = sha256(Uint8Array.from(socket.getPeerCertificate(true).raw ?? new Uint8Array(0)));
    return { pin, post: async (path, body) => post(socket, deadline, path, body), close: () => socket.destroy() };
  },
} satisfies { connect(address: string): Promise<Connection> };

async function open(address: string, deadline: AbortSignal): Promise<TLSSocket> {
  // Pins instead of names and dates: the clock may be wrong, and TLS 1.3 proves possession of the key.
  const socket = tlsConnect({ ...splitAddress(address), minVersion: "TLSv1.3", rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    const give = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", give);
    deadline.addEventListener("abort", () => give(new BootseedError("timeout", `${address}: no answer in 10 s`)));
  });
}

async function post(socket: TLSSocket, signal: AbortSignal, path: string, body: Uint8Array): Promise<Answer> {
  // The agent's only use of this HTTP agent is to hand over the connection that was judged.
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = () => socket;
  const headers = { "content-type": "application/octet-stream", "content-length": body.length };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({ agent, method: "POST", path, headers, signal, host: "bootseed" });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES) outgoing.destroy(new BootseedError("too-long", "the answer is over 64 KiB"));
        else chunks.push(chunk);
      });
      incoming.once("error", reject);
      incoming.once("end", () =>
        resolve({ status: incoming.statusCode ?? 0, body: new Uint8Array(Buffer.concat(chunks)) }),
      );
    });
    outgoing.end(body);
  });
}
