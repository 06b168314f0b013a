/** A JSON body against its schema; what is wrong is said by field. */
import type { Context } from "hono";
import type { z } from "zod";
import { EXIT, HostError } from "../host-error.ts";

/** @throws HostError "malformed", usage */
export async function body<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const value: unknown = await c.req.json().catch((cause: unknown) => {
    throw new HostError("malformed", "the body is not JSON", "send one JSON object", EXIT.usage, { cause });
  });
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const message = `${issue?.path.join(".") || "body"}: ${issue?.message ?? "not as expected"}`;
  throw new HostError("malformed", message, "correct the request: see docs/protocol.md for the mint API", EXIT.usage);
}
