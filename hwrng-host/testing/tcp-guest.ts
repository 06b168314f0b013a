/** Test aid: a VM that takes deliveries by `tcp`, on an address of 127.0.0.0/8. It can be told to misbehave. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { frame, FrameReader, parseGreeting } from "@bootseed/protocol";
import { boundPort } from "../server/bound-port.ts";
import type { TestGuest } from "./guest.ts";

const HELLO_BYTES = 126;

export type Manners = {
  /** What is sent in place of the hello. */
  readonly hello?: (right: Uint8Array) => Uint8Array;
  /** What is sent in place of the receipt; null: nothing, and the connection is closed. */
  readonly receipt?: (right: Uint8Array) => Uint8Array | null;
  /** Sends nothing at all. */
  readonly silent?: boolean;
  /** After a refusal, shows its certificate. */
  readonly proof?: boolean;
  /** Closes the connection right after the hello. */
  readonly hangUp?: boolean;
  /** Never closes its half of the connection. */
  readonly halfOpen?: boolean;
  /** Sends one byte at a time. */
  readonly dribble?: boolean;
};

export class TcpGuest implements AsyncDisposable {
  /** Answers that were opened. */
  opened = 0;
  connections = 0;
  /** Everything the host sent, connection by connection, frames after the greeting only. */
  readonly received: Uint8Array[][] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(guest: TestGuest, manners: Manners) {
    this.#server = createServer({ noDelay: true, allowHalfOpen: manners.halfOpen ?? false }, (socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => this.#sockets.delete(socket));
      this.#serve(guest, manners, socket);
    });
  }

  static async listen(guest: TestGuest, manners: Manners = {}, at = { host: "127.0.0.1", port: 0 }): Promise<TcpGuest> {
    const made = new TcpGuest(guest, manners);
    made.#server.listen(at.port, at.host);
    await once(made.#server, "listening");
    return made;
  }

  get port(): number {
    return boundPort(this.#server);
  }

  #serve(guest: TestGuest, manners: Manners, socket: Socket): void {
    this.connections++;
    const reader = new FrameReader(65_535);
    const got: Uint8Array[] = [];
    this.received.push(got);
    let greeted = false;
    const send = (message: Uint8Array): void => {
      if (manners.dribble === true) for (const byte of frame(message)) socket.write(Uint8Array.of(byte));
      else socket.write(frame(message));
    };
    socket.on("data", (chunk: Buffer) => {
      for (const message of reader.push(chunk)) {
        if (!greeted) {
          greeted = true;
          if (manners.silent === true) continue;
          guest.nonce = parseGreeting(message).nonce;
          const hello = guest.hello().subarray(0, HELLO_BYTES);
          send(manners.hello?.(hello) ?? hello);
          if (manners.hangUp === true) socket.end();
          continue;
        }
        got.push(Uint8Array.from(message));
        if (message.length === 0) {
          if (manners.proof === true && got.length === 1) send(guest.request(true));
          continue;
        }
        const opened = guest.open(message);
        this.opened++;
        const right = guest.receipt(opened).subarray(16);
        const receipt = manners.receipt === undefined ? right : manners.receipt(right);
        if (receipt === null) socket.destroy();
        else send(receipt);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
