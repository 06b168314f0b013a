/** The guest API (docs/protocol.md): claims, joins, reports, packets, receipts, statements; bytes over TLS 1.3. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { HostContext } from "../host-context.ts";
import { Allowances } from "./allowance.ts";
import { handleClaim } from "./claims.ts";
import { handleJoin } from "./joins.ts";
import { Pace } from "./pace.ts";
import { handlePacket } from "./packets.ts";
import { handleReceipt } from "./receipts.ts";
import type { ReceiptKeys } from "./receipt-keys.ts";
import { empty, refusal } from "./refuse.ts";
import { handleReport, REPORTS_PER_HOUR } from "./reports.ts";
import { handleStatements } from "./statements.ts";
import { InFlight } from "./under-way.ts";

/** Longest body of a guest. */
export const MAX_GUEST_BODY_BYTES = 65_536;

type Handler = (bytes: Uint8Array) => Response | Promise<Response>;

/**
 * @param keys of packets that wait for their receipt
 * @example const response = await guestApp(context, new ReceiptKeys()).fetch(request);
 */
export function guestApp(context: HostContext, keys: ReceiptKeys): Hono {
  const app = new Hono();
  const allowances = new Allowances();
  const joins = new InFlight();
  const reports = new Pace(REPORTS_PER_HOUR);
  const handlers: Record<string, Handler> = {
    claims: (bytes) => handleClaim(context, allowances, bytes),
    reports: (bytes) => handleReport(context, reports, bytes),
    packets: (bytes) => handlePacket(context, keys, bytes),
    receipts: (bytes) => handleReceipt(context, keys, bytes),
    joins: (bytes) => handleJoin(context, { allowances, joins }, bytes),
    statements: (bytes) => handleStatements(context, bytes),
  };
  app.notFound(() => empty(404));
  // What is thrown outside a handler is a body that never came: nobody is there to read the answer.
  app.onError(() => empty(400));
  app.use(bodyLimit({ maxSize: MAX_GUEST_BODY_BYTES, onError: () => empty(413, { connection: "close" }) }));
  for (const [kind, handler] of Object.entries(handlers)) {
    app.post(`/v1/${kind}`, async (c) => {
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      try {
        return await handler(bytes);
      } catch (error) {
        return refusal(context, kind, error);
      }
    });
  }
  return app;
}
