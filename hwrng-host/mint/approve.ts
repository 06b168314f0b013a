/** `POST /v1/vms/{seedId}/approve`: an operator decides which of a VM's two sets of host keys counts from now on. */
import { type ApproveAnswer, approveRequestSchema, fromHex, reportSchema } from "@bootseed/protocol";
import { Hono } from "hono";
import type { HostContext } from "../host-context.ts";
import { EXIT, HostError } from "../host-error.ts";
import { body } from "./body.ts";
import { callerOf } from "./caller.ts";

const hostKeysOf = (json: string): readonly string[] => reportSchema.parse(JSON.parse(json)).hostKeys;

export function approveRoutes({ store, log }: HostContext): Hono {
  const app = new Hono();
  app.post("/v1/vms/:seedId/approve", async (c) => {
    const seedId = c.req.param("seedId");
    const { report } = await body(c, approveRequestSchema);
    const result = store.reports.approve(fromHex(seedId, 16), report);
    if (result.outcome === "unchanged") {
      const message = `no VM with the seed ${seedId} has reported other host keys than the accepted ones`;
      throw new HostError("not-found", message, "`bootseed vm show NAME` shows the accepted keys", EXIT.usage);
    }
    if (result.outcome === "other") {
      const message = `the VM ${seedId} has reported again since: nothing was approved`;
      throw new HostError("conflict", message, "look at the newest keys, then approve those", EXIT.unavailable);
    }
    const [droppedKeys, hostKeys] = [hostKeysOf(result.before), hostKeysOf(result.now)];
    // Both sets: the log is the only place that still has the dropped one.
    const fields = { client: callerOf(c).name, seedId, hostKeys, droppedKeys };
    log.warn(fields, result.outcome === "approved" ? "changed host keys approved" : "first host keys kept");
    const answer: ApproveAnswer = { seedId, hostKeys };
    return Response.json(answer);
  });
  return app;
}
