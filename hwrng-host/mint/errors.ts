/** From errors to the mint API's answers: a status, and JSON that says what to do. */
import { BootseedError, type BootseedErrorCode, type MintErrorAnswer } from "@bootseed/protocol";
import { HTTPException } from "hono/http-exception";
import { TooFast } from "../drbg/rbg3.ts";
import { HostError, messageOf } from "../host-error.ts";
import { QuotaSpent, Unauthorized } from "./caller.ts";

const STATUS: Partial<Record<BootseedErrorCode, number>> = {
  "no-source": 503,
  "source-failed": 503,
  "storage-failed": 503,
  unavailable: 503,
  "rate-limited": 429,
  "bad-token": 403,
  expired: 403,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  malformed: 400,
};

const FIX: Partial<Record<BootseedErrorCode, string>> = {
  "bad-token": "commit with the token of that answer",
  expired: "a reservation lasts 24 hours",
};

/** @returns a JSON answer in the shape of `MintErrorAnswer`; what is no `BootseedError` is a fault of ours: 500 */
export function errorAnswer(error: unknown): Response {
  if (error instanceof HTTPException) return error.getResponse();
  if (!(error instanceof BootseedError)) {
    return answer(500, "internal", messageOf(error), "report this, with the service's log");
  }
  const fix = error instanceof HostError ? error.fix : (FIX[error.code] ?? "correct the request");
  const retry: Record<string, string> =
    error instanceof TooFast || error instanceof QuotaSpent ? { "retry-after": String(error.retryAfterSeconds) } : {};
  if (error instanceof Unauthorized) {
    // The body was not read, and nobody waits for the rest of it.
    return answer(401, error.code, error.message, fix, { "www-authenticate": "Bearer", connection: "close" });
  }
  return answer(STATUS[error.code] ?? 500, error.code, error.message, fix, retry);
}

/** An error answer of the mint API. */
export function answer(
  status: number,
  code: string,
  message: string,
  fix: string,
  headers: Record<string, string> = {},
): Response {
  const body: MintErrorAnswer = { error: { code, message, fix } };
  return Response.json(body, { status, headers });
}
