/** A client of the mint API for the commands on the same machine: JSON over the unix socket. */
import { MAX_MINT_BODY_BYTES, mintErrorSchema } from "@bootseed/protocol";
import { request } from "node:http";
import type { z } from "zod";
import { EXIT, HostError, messageOf } from "../host-error.ts";

const DEADLINE_MS = 30_000;
/** Not 409: a seed that was committed before asks for another try. */
const ASKED_WRONGLY: ReadonlySet<number> = new Set([400, 403, 404]);

export class MintClient {
  readonly #socket: string;
  readonly #deadlineMs: number;

  constructor(socket: string, deadlineMs: number = DEADLINE_MS) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
  }

  /** @throws HostError "unreachable" when nobody answers; else the host's own error */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return schema.parse(await this.#ask("GET", path));
  }

  async post<T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> {
    return schema.parse(await this.#ask("POST", path, JSON.stringify(body)));
  }

  async #ask(method: string, path: string, body?: string): Promise<unknown> {
    const { status, text } = await this.#exchange(method, path, body).catch((cause: unknown) => {
      if (cause instanceof HostError) throw cause;
      const message = `no bootseed-host answers on ${this.#socket}: ${messageOf(cause)}`;
      const fix = "start it (`bootseed-host serve`), or join the group that may use the socket";
      throw new HostError("unreachable", message, fix, EXIT.unavailable, { cause });
    });
    const value: unknown = JSON.parse(text);
    if (status === 200) return value;
    const { error } = mintErrorSchema.parse(value);
    // What was asked for is wrong, or the service cannot do it now: a script must be able to tell.
    throw new HostError(
      "unavailable",
      error.message,
      error.fix,
      ASKED_WRONGLY.has(status) ? EXIT.usage : EXIT.unavailable,
    );
  }

  async #exchange(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const signal = AbortSignal.timeout(this.#deadlineMs);
    const call = request({ socketPath: this.#socket, method, path, headers, signal }, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      answer.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > 16 * MAX_MINT_BODY_BYTES) answer.destroy(new Error("the answer is too long"));
        chunks.push(chunk);
      });
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }));
    });
    call.on("error", reject);
    call.end(body);
    return promise;
  }
}
