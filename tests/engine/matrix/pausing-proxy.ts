/**
 * A part of these tests, not of the product: a proxy before a mint's unix socket. It passes on what comes and what is answered, unless a
 * stop is armed there.
 */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Stops } from "./stops.ts";

export class PausingProxy implements AsyncDisposable {
  /** "METHOD path" of every request that came, in order. */
  readonly calls: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param path its own socket @param target the mint's */
  static async open(path: string, target: string, stops: Stops): Promise<PausingProxy> {
    const server = createServer((asked, answer) => {
      const forward = async (): Promise<void> => {
        const { method = "", url = "", headers } = asked;
        const call = `${method} ${url}`;
        proxy.calls.push(call);
        const body = await buffer(asked);
        await stops.pass("before", call);
        const sent = request({ socketPath: target, agent: false, method, path: url, headers });
        sent.end(body);
        const [got] = (await once(sent, "response")) as [IncomingMessage];
        const text = await buffer(got);
        await stops.pass("after", call, text.toString());
        answer.writeHead(got.statusCode ?? 502, { ...got.headers, connection: "close" }).end(text);
      };
      forward().catch(() => asked.socket.destroy());
    });
    const proxy = new PausingProxy(server);
    server.listen(path);
    await once(server, "listening");
    return proxy;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
