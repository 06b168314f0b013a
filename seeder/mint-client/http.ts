/** One JSON request to a mint, with a deadline; every failure becomes a typed error in one sentence. */
import { request } from "node:http";
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
  text: string;
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
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: answer.statusCode ?? 0, retryAfter: answer.headers["retry-after"], text });
      });
    });
    sent.on("error", refuse);
    sent.end(body);
  });
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
  if (answer.text === "") {
    const [code, text] = explain(status) ?? [];
    if (code !== undefined) return new BootseedError(code, `host ${shown} ${text}`);
  }
  let said = `answered ${status}`;
  try {
    const { error } = JSON.parse(answer.text) as { error?: { message?: unknown; fix?: unknown } };
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
  try {
    return JSON.parse(answer.text) as unknown;
  } catch {
    // Without the parser's error, which quotes what it read: that may have been a seed.
    throw new BootseedError("malformed", `host ${r.transport.shown} did not answer in JSON: is it a bootseed-host?`);
  }
}
