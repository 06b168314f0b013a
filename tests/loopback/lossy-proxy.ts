/** A TCP forwarder that can lose every answer: requests arrive, nothing comes back. */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { boundPort } from "../../hwrng-host/server/bound-port.ts";

export class LossyProxy implements AsyncDisposable {
  /** While true, nothing of the server's answers is passed on; its half of the handshake is. */
  loseAnswers = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(target: () => number): Promise<LossyProxy> {
    const server = createServer();
    const proxy = new LossyProxy(server);
    server.on("connection", (client) => proxy.#forward(client, target()));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return boundPort(this.#server);
  }

  #forward(client: Socket, port: number): void {
    const upstream = connect(port, "127.0.0.1");
    // TLS 1.3: what the client sends after the server's first flight is its Finished and the request.
    let serverSpoke = false;
    let requested = false;
    client.on("data", (chunk) => {
      requested ||= serverSpoke;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      serverSpoke = true;
      if (!(requested && this.loseAnswers)) client.write(chunk);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => other.destroy());
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
