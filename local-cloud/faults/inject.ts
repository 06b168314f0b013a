import { setTimeout as sleep } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, MiddlewareHandler } from "hono";
import { ApiError } from "../errors.ts";
import type { FaultPlan } from "./fault-plan.ts";

/** Error bodies as DigitalOcean documents them; a 422 has no text of its own there. */
const KNOWN: Readonly<Record<number, readonly [id: string, message: string]>> = {
  401: ["unauthorized", "Unable to authenticate you."],
  403: ["forbidden", "You do not have access for the attempted action."],
  404: ["not_found", "The resource you requested could not be found."],
  422: ["unprocessable_entity", "injected by --fault"],
  429: ["too_many_requests", "API Rate limit exceeded."],
  500: ["server_error", "Unexpected server-side error"],
  503: ["service_unavailable", "injected by --fault"],
};

/** Marks answers that went wrong as planned, so that nobody takes one for a real refusal. */
export const FAULT_HEADER = "x-local-cloud-fault";

/** Lets requests go wrong as the plan says. */
export function injectFaults(plan: FaultPlan): MiddlewareHandler {
  return async (context, next) => {
    const effect = plan.take(context.req.method, context.req.path);
    if (effect === undefined) return next();
    context.header(FAULT_HEADER, effect.kind);
    if (effect.kind === "status") {
      const [id, message] = KNOWN[effect.status] ?? ["fault", "injected by --fault"];
      if (effect.status === 429) context.header("retry-after", "1");
      throw new ApiError(effect.status, id, message);
    }
    if (effect.kind === "drop-before") return drop(context);
    await next();
    if (effect.kind === "slow") return sleep(effect.ms);
    return drop(context);
  };
}

/** Ends the connection without an answer, as a proxy or a network that fails. */
function drop(context: Context): Response {
  const { incoming } = (context.env ?? {}) as Partial<HttpBindings>;
  if (incoming === undefined) throw new Error("drop-before and drop-after need a socket: serve the API");
  incoming.socket.destroy();
  context.res = undefined; // what the API had answered must not be sent
  return RESPONSE_ALREADY_SENT;
}
