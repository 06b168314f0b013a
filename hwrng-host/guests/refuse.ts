/** Everything that proves nothing gets one identical answer, so that nobody learns which part was wrong. */
import { BootseedError, toHex } from "@bootseed/protocol";
import type { HostContext } from "../host-context.ts";

/** Thrown by handlers: the request proves nothing. Code and reason are for counters and log, never for the wire. */
export class Refused extends Error {
  readonly code: string;

  /** @param code of a closed set */
  constructor(reason: string, code: string) {
    super(reason);
    this.code = code;
  }
}

/** The guest proved itself, and had its share already. On the wire this is a refusal like any other. */
export class Limited extends Refused {
  /** In hexadecimal. */
  readonly seedId: string;

  /** @param seedId 16 bytes: which VM it is, for the log */
  constructor(reason: string, seedId: Uint8Array) {
    super(reason, "limited");
    this.seedId = toHex(seedId);
  }
}

/** Counts a refusal, and logs it with the VM where one has proved itself. */
export function countRefusal({ refusals }: Pick<HostContext, "refusals">, kind: string, error: Error): void {
  refusals.count(kind, refusalCode(error), error.message, error instanceof Limited ? error.seedId : undefined);
}

/** The code to count a refusal by. */
export function refusalCode(error: Error): string {
  return error instanceof Refused || error instanceof BootseedError ? error.code : "refused";
}

/** An empty answer. */
export function empty(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}

/** Codes that are our trouble, not the guest's: it may come back with the same message. */
const OURS = new Set<string>(["no-source", "source-failed", "storage-failed", "io", "unavailable", "rate-limited"]);
const RETRY_SECONDS = "10";

/** Whether what was thrown says that the guest's message proves nothing; all else is our trouble. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Refused || (error instanceof BootseedError && !OURS.has(error.code));
}

/** The answer for anything thrown by a handler of the guest API. */
export function refusal(context: HostContext, kind: string, error: unknown): Response {
  if (isRefusal(error)) {
    countRefusal(context, kind, error);
    return empty(403);
  }
  if (error instanceof BootseedError && error.code === "rate-limited")
    return empty(429, { "retry-after": RETRY_SECONDS });
  context.log.error({ kind, err: error }, "guest request failed");
  return empty(503, { "retry-after": RETRY_SECONDS });
}
