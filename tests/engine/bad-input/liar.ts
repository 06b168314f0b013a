/**
 * A mock between the program and the real host's socket: it passes every request on, and says what the test says in
 * place of the host's answer. What the host did, it did.
 */
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";

/** What is said in place of the host's `answer`; undefined lets it pass. */
export type Lie = (path: string, answer: string, response: ServerResponse) => string | undefined;

export class Liar implements AsyncDisposable {
  /** The host's own answers, until a test sets this. */
  lie: Lie = () => undefined;
  readonly #server = createServer((asked, response) => void this.#answer(asked, response));
  readonly #host: string;

  private constructor(host: string) {
    this.#host = host;
  }

  /** @param host the real mint's socket @param path of its own */
  static async listen(host: string, path: string): Promise<Liar> {
    const liar = new Liar(host);
    await new Promise<void>((resolve) => liar.#server.listen(path, resolve));
    return liar;
  }

  async #answer(asked: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url: path = "", headers } = asked;
    const body = await text(asked);
    const { promise, resolve } = Promise.withResolvers<IncomingMessage>();
    request({ socketPath: this.#host, method, path, headers, agent: false }, resolve).end(body);
    const real = await promise;
    const said = await text(real);
    const instead = this.lie(path, said, response);
    if (response.destroyed || response.headersSent) return;
    response.writeHead(real.statusCode ?? 500, { "content-type": "application/json" });
    response.end(instead ?? said);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
