/** Which machines exist: what a stack's program, its state, or an operator says of VMs. */
import {
  type CreatedAnswer,
  type CreatedRequest,
  createdRequestSchema,
  fromHex,
  type PresentAnswer,
  type PresentRequest,
  presentRequestSchema,
  toHex,
} from "@bootseed/protocol";
import { Hono } from "hono";
import type { HostContext } from "../host-context.ts";
import { EXIT, HostError } from "../host-error.ts";
import { body } from "./body.ts";
import { type Caller, callerOf, ownsStack, requireStack } from "./caller.ts";
import { alarmsView, reportView } from "./views.ts";

/** Routes below the mint's root. */
export function machineRoutes(context: HostContext): Hono {
  const app = new Hono();
  app.post("/v1/created", async (c) =>
    Response.json(created(context, await body(c, createdRequestSchema), callerOf(c))),
  );
  app.post("/v1/present", async (c) =>
    Response.json(present(context, await body(c, presentRequestSchema), callerOf(c))),
  );
  app.post("/v1/vms/:seedId/forget", (c) => forget(context, c.req.param("seedId")));
  return app;
}

function created({ store, log, now }: HostContext, request: CreatedRequest, caller: Caller): CreatedAnswer {
  requireStack(caller, request.stack);
  // A VM that was moved is taken along only by a caller who may touch the stack that it comes from, too.
  const options = {
    mayTouch: (stack: string) => ownsStack(caller, stack),
    takesAddresses: caller.role === "admin",
    now: now(),
  };
  const vms = request.droplets.map((droplet) => {
    const bound = store.seeds.bindCreated(request.stack, droplet, options);
    const row = bound?.row ?? null;
    if (row !== null && bound?.movedFrom != null) {
      const { stack, urn } = row;
      const { name: client } = caller;
      log.warn({ client, seedId: toHex(row.seedId), from: bound.movedFrom, to: { stack, urn } }, "VM moved");
    }
    return {
      urn: droplet.urn,
      instanceId: droplet.instanceId,
      seedId: row === null ? null : toHex(row.seedId),
      state: row?.state ?? null,
      report: reportView(row?.reportJson ?? null),
      ...(row === null ? {} : alarmsView(row)),
    };
  });
  return { vms };
}

function present({ store, log, now }: HostContext, request: PresentRequest, caller: Caller): PresentAnswer {
  const { stack, instanceIds, asOf } = request;
  requireStack(caller, stack);
  const gone = store.seeds.markGone(stack, instanceIds, { now: now(), asOf: asOf ?? now() });
  const vms = gone.map(({ seedId, name, instanceId }) => ({ seedId: toHex(seedId), name, instanceId }));
  if (vms.length > 0) log.warn({ client: caller.name, stack, vms }, "VMs gone");
  return { gone: vms };
}

function forget({ store, log, now }: HostContext, seedIdHex: string): Response {
  if (!store.seeds.forget(fromHex(seedIdHex, 16), now()))
    throw new HostError("not-found", `no VM has the seed ${seedIdHex}`, "see `bootseed vm ls --all`", EXIT.usage);
  log.warn({ seedId: seedIdHex }, "VM forgotten");
  return Response.json({ seedId: seedIdHex });
}
