/**
 * Stands between a program and a mint's unix socket, passes everything on as it is, and keeps the secrets that it saw:
 * also those of reservations that nobody committed, which are nowhere else.
 */
import { createdAnswerSchema, type CreatedVm, reservationsAnswerSchema } from "@bootseed/protocol";
import { createServer, request, type Server } from "node:http";
import type { Canary } from "./canary.ts";

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
      const { method, url, headers } = incoming;
      const onward = request({ socketPath: mint, method, path: url, headers, agent: false }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const body = Buffer.concat(chunks);
          if (answer.statusCode === 200) this.#keep(url ?? "", body);
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
        });
      });
      onward.on("error", () => outgoing.destroy());
      incoming.pipe(onward);
    });
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
