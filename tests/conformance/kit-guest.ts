/** The guest kit's own modules under the python of a stock image, in a process that stays (kit_guest.py). */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { toBase64, toHex } from "../../protocol/bytes.ts";
import * as ex from "../../protocol/testing/example.ts";
import type { Case } from "./case.ts";
import { CLOCKS, type Guest, GuestRoot, type Outcome } from "./guest.ts";

const SCRIPT = join(import.meta.dirname, "kit_guest.py");
const KIT = join(import.meta.dirname, "../../guest-agent/kit");

export class KitGuest implements Guest {
  readonly name = "kit";
  readonly #root = new GuestRoot();
  readonly #python: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #said = "";

  constructor() {
    const given = [this.#root.root, ...[ex.hostId, ex.pkE.privateKey, CLOCKS, ex.tlsPin].map(toHex)];
    this.#python = spawn("/usr/bin/python3", ["-I", "-B", SCRIPT, KIT, ...given]);
    this.#python.stderr.on("data", (chunk: Buffer) => (this.#said = (this.#said + chunk.toString()).slice(-4000)));
    this.#lines = createInterface({ input: this.#python.stdout })[Symbol.asyncIterator]();
  }

  async deliver({ counter = 0, statement = ex.statement, answers, files }: Case): Promise<Outcome> {
    const before = counter === 0 ? "" : counter.toString(16).padStart(16, "0");
    if (files !== undefined) this.#root.lay(files);
    const said = answers.map(({ status, body }) => [status, toBase64(body)]);
    const state = files === undefined ? { counter: before, statement: toHex(statement) } : {};
    return (await this.#line({ ...state, answers: said })) as Outcome;
  }

  /** @returns "accepted", or the code of the refusal */
  async verify(publicKey: Uint8Array, signature: Uint8Array, message: Uint8Array): Promise<string> {
    return String(await this.#line({ verify: [publicKey, signature, message].map(toHex) }));
  }

  /** @returns "accepted", or the code of the refusal */
  async parse(message: "seed file" | "statement", bytes: Uint8Array): Promise<string> {
    return String(await this.#line({ parse: message, bytes: toHex(bytes) }));
  }

  async #line(question: object): Promise<unknown> {
    this.#python.stdin.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`the kit's process ended: ${this.#said}`);
    return JSON.parse(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#python.exitCode === null ? once(this.#python, "exit") : null;
    this.#python.stdin.end();
    await ended;
    this.#root[Symbol.dispose]();
  }
}
