/**
 * The real network: TLS 1.3, names and dates ignored, the certificate's hash for the caller to judge. A connection that
 * was closed is kept for the next request of this process to the same address: the receipt needs no second handshake.
 */
import { BootseedError, sha256 } from "@bootseed/protocol";
import type { TLSSocket } from "node:tls";
import { AnswerReader, encodePost } from "./http1.ts";
import { tls } from "./lazy.ts";
import type { Answer, Network } from "./world.ts";

/** From the first packet to the last byte of the answer (docs/protocol.md, Transport: pull). */
const DEADLINE_MS = 10_000;

/** `host:port`, brackets of IPv6 removed. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}

type Judged = { readonly socket: TLSSocket; readonly pin: Uint8Array };

/** `performance` would load the whole of node:perf_hooks for one number. */
const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/** @param deadlineMs of one request, connection included */
export function httpsNetwork(deadlineMs: number = DEADLINE_MS): Network {
  const idle = new Map<string, Judged>();
  return {
    async connect(address) {
      const endsAt = monotonicMs() + deadlineMs;
      const kept = idle.get(address);
      idle.delete(address);
      const { socket, pin } = kept?.socket.writable === true ? kept : await open(address, deadlineMs);
      let whole = false;
      return {
        pin,
        async post(path, body) {
          whole = false;
          const answer = await post(socket, endsAt - monotonicMs(), encodePost(address, path, body));
          whole = true;
          return answer;
        },
        close() {
          if (whole && socket.writable) idle.set(address, { socket: socket.unref(), pin });
          else socket.destroy();
        },
      };
    },
  };
}

const late = (ms: number): BootseedError => new BootseedError("timeout", `no answer in ${Math.round(ms / 1000)} s`);

async function open(address: string, deadlineMs: number): Promise<Judged> {
  // Pins instead of names and dates: the clock may be wrong, and TLS 1.3 proves possession of the key. `ca: []`, since
  // parsing the 140 certificates that Node brings costs more than the handshake.
  const ca: string[] = [];
  const socket = tls().connect({ ...splitAddress(address), minVersion: "TLSv1.3", rejectUnauthorized: false, ca });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(late(deadlineMs)), deadlineMs);
    socket.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      // From here on errors belong to a request, or to nobody.
      socket.removeAllListeners("error").on("error", () => undefined);
      // Only once: OpenSSL's answer is gone when the connection is.
      resolve({ socket, pin: sha256(Uint8Array.from(socket.getPeerCertificate().raw)) });
    });
  });
}

async function post(socket: TLSSocket, deadlineMs: number, request: Uint8Array): Promise<Answer> {
  const reader = new AnswerReader();
  socket.ref();
  return new Promise<Answer>((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(late(deadlineMs)), deadlineMs);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
      settle();
    };
    const listeners = {
      data: (chunk: Buffer) => attempt(() => reader.push(Uint8Array.from(chunk))),
      error: (error: Error) => finish(() => reject(error)),
      close: () => attempt(() => reader.end()),
    };
    const attempt = (step: () => Answer | null): void => {
      try {
        const answer = step();
        if (answer !== null) finish(() => resolve(answer));
      } catch (error) {
        finish(() => {
          socket.destroy();
          reject(error);
        });
      }
    };
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
    socket.write(request);
  });
}
