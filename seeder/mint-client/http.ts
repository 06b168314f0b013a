/** One JSON request over a unix socket, with a deadline; every failure becomes a typed error in one sentence. */
import { request } from "node:http";
import { BootseedError, type BootseedErrorCode } from "@bootseed/protocol";

export interface JsonRequest {
  /** The host as the user wrote it, for messages. */
  url: string;
  socketPath: string;
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

const BY_ERRNO: Record<string, readonly [BootseedErrorCode, string]> = {
  ENOENT: ["unreachable", "is unreachable: there is no such socket; start bootseed-host serve on this machine"],
  ECONNREFUSED: ["unreachable", "is unreachable: nothing listens on the socket; start bootseed-host serve"],
  EACCES: ["forbidden", "may not be opened by this user: join the group bootseed-mint"],
  ECONNRESET: ["unreachable", "closed the connection before it answered: look at its log, then try again"],
};

function failure(url: string, cause: unknown): BootseedError {
  if (cause instanceof BootseedError) return cause;
  const { name, code, message } = cause as NodeJS.ErrnoException;
  if (name === "TimeoutError") {
    return new BootseedError("timeout", `host ${url} did not answer in time: is it overloaded or stopped?`, { cause });
  }
  const [ours, text] = BY_ERRNO[code ?? ""] ?? ["unreachable", `is unreachable: ${message}`];
  return new BootseedError(ours, `host ${url} ${text}`, { cause });
}

function exchange(r: JsonRequest): Promise<RawAnswer> {
  const body = r.body === undefined ? undefined : JSON.stringify(r.body);
  const headers = {
    host: "bootseed",
    accept: "application/json",
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
  };
  return new Promise((resolve, reject) => {
    const { socketPath, method, path, timeoutMs } = r;
    const signal = AbortSignal.timeout(timeoutMs);
    const refuse = (cause: unknown): void => reject(failure(r.url, signal.aborted ? signal.reason : cause));
    const sent = request({ socketPath, method, path, headers, signal, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) {
          sent.destroy(new BootseedError("too-long", `host ${r.url} answered with over ${MAX_ANSWER_BYTES} bytes`));
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
  403: "forbidden",
  404: "not-found",
  409: "conflict",
  413: "too-long",
  429: "rate-limited",
  503: "unavailable",
};

/** The host's own words (`{"error": {code, message, fix}}`), or what can be said without them. */
function refusal(url: string, answer: RawAnswer): BootseedError {
  let said = `answered ${answer.status}`;
  try {
    const { error } = JSON.parse(answer.text) as { error?: { message?: unknown; fix?: unknown } };
    if (typeof error?.message === "string") said = `refused: ${error.message}`;
    if (typeof error?.fix === "string" && error.fix !== "") said += ` (${error.fix})`;
  } catch {
    // Not JSON: the status has to do.
  }
  if (answer.retryAfter !== undefined) said += `; try again in ${answer.retryAfter} s`;
  return new BootseedError(BY_STATUS[answer.status] ?? "io", `host ${url} ${said}`);
}

/**
 * @returns the JSON of a 200 answer, unchecked
 * @throws BootseedError "unreachable", "timeout", "forbidden", "conflict", "rate-limited", "unavailable", "malformed", …
 */
export async function requestJson(r: JsonRequest): Promise<unknown> {
  const answer = await exchange(r);
  if (answer.status !== 200) throw refusal(r.url, answer);
  try {
    return JSON.parse(answer.text) as unknown;
  } catch (cause) {
    throw new BootseedError("malformed", `host ${r.url} did not answer in JSON: is it a bootseed-host?`, { cause });
  }
}
