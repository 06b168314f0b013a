/** A client of the mint API for the commands on the same machine: JSON over the unix socket. */
import { MAX_MINT_BODY_BYTES, mintErrorSchema } from "@bootseed/protocol";
import { request } from "node:http";
import type { z } from "zod";
import { EXIT, HostError, messageOf } from "../host-error.ts";

const DEADLINE_MS = 30_000;
/** 409: a name is taken. (A seed that somebody else has committed is one, too: nobody here ever asks for the same twice.) */
const ASKED_WRONGLY: ReadonlySet<number> = new Set([400, 403, 404, 409, 413]);

export class MintClient {
  readonly #socket: string;
  readonly #deadlineMs: number;

  constructor(socket: string, deadlineMs: number = DEADLINE_MS) {
    this.#socket = socket;
    this.#deadlineMs = deadlineMs;
  }

  /** @throws HostError "unreachable" when nobody answers; "unavailable" when it is no host of ours; else the host's own error */
  async get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    return this.#ask(schema, "GET", path);
  }

  async post<T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> {
    return this.#ask(schema, "POST", path, JSON.stringify(body));
  }

  async #ask<T>(schema: z.ZodType<T>, method: string, path: string, body?: string): Promise<T> {
    const { status, text } = await this.#exchange(method, path, body).catch((cause: unknown) => {
      if (cause instanceof HostError) throw cause;
      const message = `no bootseed-host answers on ${this.#socket}: ${messageOf(cause)}`;
      const fix = "start it (`bootseed-host serve`), or join the group that may use the socket";
      throw new HostError("unreachable", message, fix, EXIT.unavailable, { cause });
    });
    if (status === 200) return this.#read(schema, text);
    const { error } = this.#read(mintErrorSchema, text);
    // What was asked for is wrong, or the service cannot do it now: a script must be able to tell.
    throw new HostError(
      "unavailable",
      error.message,
      error.fix,
      ASKED_WRONGLY.has(status) ? EXIT.usage : EXIT.unavailable,
    );
  }

  #read<T>(schema: z.ZodType<T>, text: string): T {
    try {
      return schema.parse(JSON.parse(text));
    } catch (cause) {
      const message = `what answers on ${this.#socket} is no bootseed-host of this version`;
      const fix = "restart the service with this version, or correct `listen.mint`";
      throw new HostError("unavailable", message, fix, EXIT.unavailable, { cause });
    }
  }

  async #exchange(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const signal = AbortSignal.timeout(this.#deadlineMs);
    // A connection of its own: one that was kept may have been closed by the service meanwhile.
    const call = request({ socketPath: this.#socket, method, path, headers, signal, agent: false }, (answer) => {
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
