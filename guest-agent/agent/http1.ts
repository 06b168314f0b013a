/**
 * Just enough HTTP/1.1 (RFC 9112) to post bytes over a connection that is already judged. Node's own client would double
 * what this process loads, for redirects, agents and streams that nobody here needs.
 */
import { BootseedError, concat, utf8 } from "@bootseed/protocol";
import type { Answer } from "./world.ts";

/** Answers are at most 32 statements and a packet. */
const MAX_BODY_BYTES = 65_536;
const MAX_HEAD_BYTES = 8192;
const EMPTY = new Uint8Array(0);

/** @returns the whole request; the connection stays open for another */
export function encodePost(host: string, path: string, body: Uint8Array): Uint8Array {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    "Content-Type: application/octet-stream",
    `Content-Length: ${body.length}`,
  ];
  return concat(utf8(`${lines.join("\r\n")}\r\n\r\n`), body);
}

const refuse = (what: string): BootseedError => new BootseedError("malformed", `HTTP answer: ${what}`);

/** Status and where the body ends: after so many bytes, in chunks, or with the connection. */
type Head = { readonly status: number; readonly length: number | "chunked" | "close" };

function parseHead(text: string): Head {
  const [first = "", ...fields] = text.split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(first)?.[1];
  if (status === undefined) throw refuse("expected a status line");
  let length: Head["length"] = "close";
  for (const field of fields) {
    const [, name = "", value = ""] = /^([^\s:]+):[\t ]*(.*?)[\t ]*$/.exec(field) ?? [];
    if (/^transfer-encoding$/i.test(name)) {
      if (!/^chunked$/i.test(value)) throw refuse("expected no coding but chunked");
      length = "chunked";
    } else if (/^content-length$/i.test(name) && length !== "chunked") {
      // RFC 9112, 6.3: two that differ are an error, lest two readers see two answers.
      if (!/^\d{1,8}$/.test(value) || (length !== "close" && length !== Number(value)))
        throw refuse("expected one content-length");
      length = Number(value);
    }
  }
  const none = status === "204" || status === "304";
  return { status: Number(status), length: none ? 0 : length };
}

/** Collects one answer. */
export class AnswerReader {
  #head: Head | null = null;
  #rest: Uint8Array = EMPTY;
  #body: Uint8Array = EMPTY;
  #headBytes = 0;

  /** @returns the answer when it is whole @throws BootseedError "malformed", "too-long" */
  push(bytes: Uint8Array): Answer | null {
    this.#rest = concat(this.#rest, bytes);
    while (this.#head === null) {
      const end = Buffer.from(this.#rest.buffer, this.#rest.byteOffset, this.#rest.length).indexOf("\r\n\r\n");
      if (this.#rest.length > MAX_HEAD_BYTES && (end < 0 || end > MAX_HEAD_BYTES)) throw tooLong("head");
      if (end < 0) return null;
      const head = parseHead(Buffer.from(this.#rest.subarray(0, end)).toString("latin1"));
      this.#rest = this.#rest.slice(end + 4);
      // 1xx: another head follows, but not for as long as somebody likes.
      if (head.status >= 200) this.#head = head;
      this.#headBytes += end;
      if (this.#headBytes > MAX_HEAD_BYTES) throw tooLong("head");
    }
    const { status, length } = this.#head;
    if (length === "chunked") return this.#chunks() ? { status, body: this.#body } : null;
    const size = length === "close" ? this.#rest.length : length;
    if (size > MAX_BODY_BYTES) throw tooLong("body");
    if (length === "close" || this.#rest.length < length) return null;
    return { status, body: this.#rest.slice(0, length) };
  }

  /** The connection ended. @throws BootseedError "malformed" when the answer was not whole */
  end(): Answer {
    if (this.#head?.length !== "close") throw refuse("the connection ended in the middle of it");
    return { status: this.#head.status, body: this.#rest };
  }

  /** Read to its end, so that nothing of this answer is left before the next. @returns whether it came */
  #trailer(from: number): boolean {
    const rest = Buffer.from(this.#rest.buffer, this.#rest.byteOffset, this.#rest.length);
    if (rest.indexOf("\r\n\r\n", from) >= 0) return true;
    if (rest.length > MAX_HEAD_BYTES) throw tooLong("trailer");
    return false;
  }

  /** @returns whether the last chunk came */
  #chunks(): boolean {
    for (;;) {
      const text = Buffer.from(this.#rest.subarray(0, 64)).toString("latin1");
      const end = text.indexOf("\r\n");
      if (end < 0) {
        if (text.length === 64) throw refuse("expected the size of a chunk");
        return false;
      }
      const digits = /^[\da-f]{1,6}(?=[;\t ]|$)/i.exec(text.slice(0, end))?.[0];
      if (digits === undefined) throw refuse("expected the size of a chunk");
      const size = Number.parseInt(digits, 16);
      if (size === 0) return this.#trailer(end);
      if (this.#body.length + size > MAX_BODY_BYTES) throw tooLong("body");
      if (this.#rest.length < end + 2 + size + 2) return false;
      this.#body = concat(this.#body, this.#rest.subarray(end + 2, end + 2 + size));
      this.#rest = this.#rest.slice(end + 2 + size + 2);
    }
  }
}

function tooLong(what: string): BootseedError {
  return new BootseedError("too-long", `HTTP answer: expected a ${what} of at most ${MAX_BODY_BYTES} bytes`);
}
