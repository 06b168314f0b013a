/** One JSON request to a mint, with a deadline; every failure becomes a typed error in one sentence. */
import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { BootseedError, type BootseedErrorCode } from "@bootseed/protocol";
import { type MintTransport, notHttp } from "./transport.ts";

export interface JsonRequest {
  transport: MintTransport;
  method: "GET" | "POST";
  path: string;
  body?: unknown;
  /** Deadline for the whole exchange in milliseconds. */
  timeoutMs: number;
}

interface RawAnswer {
  status: number;
  retryAfter: string | undefined;
  /** @throws BootseedError where it cannot be read */
  text: () => string;
}

/** Three thousand droplets are 2.5 MiB; ten times that is not an answer of ours. */
const MAX_ANSWER_BYTES = 32 << 20;

function failure({ shown, explain }: MintTransport, cause: unknown): BootseedError {
  if (cause instanceof BootseedError) return cause;
  const { name, code = "", message } = cause as NodeJS.ErrnoException;
  if (name === "TimeoutError") {
    return new BootseedError("timeout", `host ${shown} did not answer in time: is it overloaded or stopped?`, {
      cause,
    });
  }
  if (code.startsWith("HPE_")) return notHttp(shown, cause);
  const [ours, text] = explain(code) ?? ["unreachable", `is unreachable: ${message}`];
  return new BootseedError(ours, `host ${shown} ${text}`, { cause });
}

async function exchange(r: JsonRequest): Promise<RawAnswer> {
  const body = r.body === undefined ? undefined : JSON.stringify(r.body);
  const { transport, method, path, timeoutMs } = r;
  const headers = {
    ...transport.headers(),
    host: "bootseed",
    accept: "application/json",
    "accept-encoding": "gzip",
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
  };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const refuse = (cause: unknown): void => reject(failure(transport, signal.aborted ? signal.reason : cause));
    const sent = request({ ...transport.options, method, path, headers, signal }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) {
          sent.destroy(
            new BootseedError("too-long", `host ${transport.shown} answered with over ${MAX_ANSWER_BYTES} bytes`),
          );
        } else chunks.push(chunk);
      });
      answer.on("error", refuse);
      answer.on("end", () => {
        const { statusCode: status = 0, headers: said } = answer;
        const text = (): string => textOf(Buffer.concat(chunks), said["content-encoding"], transport.shown);
        resolve({ status, retryAfter: said["retry-after"], text });
      });
    });
    sent.on("error", refuse);
    sent.end(body);
  });
}

/** A host may lie: what is small on the wire is not allowed to become more than an answer may be. */
function textOf(bytes: Buffer, encoding: string | undefined, shown: string): string {
  if (encoding === undefined) return bytes.toString("utf8");
  try {
    if (encoding === "gzip") return gunzipSync(bytes, { maxOutputLength: MAX_ANSWER_BYTES }).toString("utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new BootseedError("too-long", `host ${shown} answered with over ${MAX_ANSWER_BYTES} bytes`, { cause });
    throw new BootseedError("malformed", `host ${shown} answered with damaged gzip: is it a bootseed-host?`, { cause });
  }
  throw new BootseedError(
    "malformed",
    `host ${shown} answered in the encoding ${encoding.slice(0, 32)}: expected gzip`,
  );
}

const BY_STATUS: Record<number, BootseedErrorCode> = {
  400: "malformed",
  401: "forbidden",
  403: "forbidden",
  404: "malformed",
  409: "conflict",
  413: "too-long",
  429: "rate-limited",
  503: "unavailable",
};

/** A host may lie; what it says ends up on terminals and in logs of CI jobs. */
const MAX_WORDS = 1_000;
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const words = (text: string): string => text.slice(0, MAX_WORDS).replaceAll(CONTROLS, "?");

/** The host's own words (`{"error": {code, message, fix}}`), or what can be said without them. */
function refusal({ shown, explain }: MintTransport, answer: RawAnswer): BootseedError {
  const status = String(answer.status);
  const text = answer.text();
  if (text === "") {
    const [code, why] = explain(status) ?? [];
    if (code !== undefined) return new BootseedError(code, `host ${shown} ${why}`);
  }
  let said = `answered ${status}`;
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown; fix?: unknown } };
    if (typeof error?.message === "string") said = `refused: ${words(error.message)}`;
    if (typeof error?.fix === "string" && error.fix !== "") said += ` (${words(error.fix)})`;
  } catch {
    // Not JSON: the status has to do.
  }
  if (/^\d{1,6}$/.test(answer.retryAfter ?? "")) said += `; try again in ${answer.retryAfter} s`;
  return new BootseedError(BY_STATUS[answer.status] ?? "io", `host ${shown} ${said}`);
}

/**
 * @returns the JSON of a 200 answer, unchecked
 * @throws BootseedError "unreachable", "timeout", "forbidden", "conflict", "rate-limited", "unavailable", "malformed", …
 */
export async function requestJson(r: JsonRequest): Promise<unknown> {
  const answer = await exchange(r);
  if (answer.status !== 200) throw refusal(r.transport, answer);
  const text = answer.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Without the parser's error, which quotes what it read: that may have been a seed.
    throw new BootseedError("malformed", `host ${r.transport.shown} did not answer in JSON: is it a bootseed-host?`);
  }
}
