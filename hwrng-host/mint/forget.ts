/** Takes VMs and seeds out of all lists for good. What is asked is decided in the transaction that does it. */
import {
  type ForgetRequest,
  forgetRequestSchema,
  type ForgetUnclaimedAnswer,
  type ForgetUnclaimedRequest,
  forgetUnclaimedRequestSchema,
  fromHex,
  toHex,
} from "@bootseed/protocol";
import { Hono } from "hono";
import type { HostContext } from "../host-context.ts";
import { EXIT, HostError } from "../host-error.ts";
import { body } from "./body.ts";
import { catalogueOf } from "./catalogue.ts";

/** Routes below the mint's root. */
export function forgetRoutes(context: HostContext): Hono {
  const app = new Hono();
  app.post("/v1/vms/:seedId/forget", async (c) =>
    Response.json(forget(context, c.req.param("seedId"), await body(c, forgetRequestSchema))),
  );
  app.post("/v1/forget-unclaimed", async (c) =>
    Response.json(forgetUnclaimed(context, await body(c, forgetUnclaimedRequestSchema))),
  );
  return app;
}

function forget({ store, log, now }: HostContext, seedIdHex: string, { unlessLive }: ForgetRequest): object {
  const outcome = store.seeds.forget(fromHex(seedIdHex, 16), now(), unlessLive);
  if (outcome === "unknown")
    throw new HostError("not-found", `no VM has the seed ${seedIdHex}`, "see `bootseed vm ls --all`", EXIT.usage);
  if (outcome === "live") {
    const message = `the VM with the seed ${seedIdHex} is enrolled and not gone: it would get no more entropy`;
    throw new HostError("conflict", message, `bootseed vm forget ${seedIdHex} --yes`, EXIT.usage);
  }
  log.warn({ seedId: seedIdHex }, "VM forgotten");
  return { seedId: seedIdHex };
}

function forgetUnclaimed(
  { store, log, now }: HostContext,
  { stack, olderThanSeconds }: ForgetUnclaimedRequest,
): ForgetUnclaimedAnswer {
  if (
    !catalogueOf(store)
      .read()
      .vms.some((vm) => vm.stack === stack)
  ) {
    const fix = "`bootseed vm ls` shows the stacks that there are";
    throw new HostError("not-found", `no VM of the stack ${stack}: nothing was forgotten`, fix, EXIT.usage);
  }
  const rows = store.seeds.forgetUnclaimed(stack, now() - olderThanSeconds, now());
  const forgotten = rows.map(({ seedId, name }) => ({ seedId: toHex(seedId), name }));
  if (forgotten.length > 0) log.warn({ stack, forgotten }, "unclaimed seeds forgotten");
  return { forgotten };
}
