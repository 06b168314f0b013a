/**
 * Stands between a program and a mint's unix socket, passes everything on as it is, and keeps the secrets that it saw:
 * also those of reservations that nobody committed, which are nowhere else.
 */
import { createdAnswerSchema, type CreatedVm, reservationsAnswerSchema } from "@bootseed/protocol";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Canary } from "./canary.ts";

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };

export class MintTap implements AsyncDisposable {
  /** `unix:///…` */
  readonly url: string;
  /** Every pool, claimKey, psk0 and token that went through. */
  readonly canaries: Canary[] = [];
  /** What the mint answered to each message that droplets exist. */
  readonly created: (readonly CreatedVm[])[] = [];
  readonly #path: string;
  readonly #server: Server;

  private constructor(path: string, mint: string) {
    this.url = `unix://${path}`;
    this.#path = path;
    this.#server = createServer((incoming, outgoing) => {
      this.#pass(mint, incoming).then(
        ({ status, headers, body }) => outgoing.writeHead(status, headers).end(body),
        () => outgoing.destroy(),
      );
    });
  }

  /** Whole bodies: a pipe could still write when the mint has answered and closed. */
  async #pass(mint: string, incoming: IncomingMessage): Promise<Answer> {
    const { method, url = "", headers } = incoming;
    const sent = await buffer(incoming);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    request({ socketPath: mint, method, path: url, headers, agent: false }, resolve).on("error", reject).end(sent);
    const answer = await promise;
    const body = await buffer(answer);
    if (answer.statusCode === 200) this.#keep(url, body);
    return { status: answer.statusCode ?? 502, headers: answer.headers, body };
  }

  /** @param path of its own socket @param mint path of the mint's */
  static async listen(path: string, mint: string): Promise<MintTap> {
    const tap = new MintTap(path, mint);
    await tap.#listen();
    return tap;
  }

  /** While `work` runs nobody listens. */
  async away(work: () => Promise<void>): Promise<void> {
    await this[Symbol.asyncDispose]();
    await work();
    await this.#listen();
  }

  #listen(): Promise<void> {
    return new Promise((resolve) => this.#server.listen(this.#path, resolve));
  }

  #keep(url: string, body: Buffer): void {
    if (url === "/v1/created") this.created.push(createdAnswerSchema.parse(JSON.parse(body.toString())).vms);
    if (url !== "/v1/reservations") return;
    const answer = reservationsAnswerSchema.parse(JSON.parse(body.toString()));
    for (const { seedId, token, pool, claimKey, psk0 } of answer.reservations) {
      // Of a token the MAC alone: before it stand stack and URN, which are no secret.
      const mac = Buffer.from(token, "base64url").subarray(-32).toString("base64");
      for (const [what, value] of Object.entries({ pool, claimKey, psk0, mac }))
        this.canaries.push({ name: `${what} of ${seedId}`, bytes: Buffer.from(value, "base64") });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
