/** The mint API (docs/protocol.md, Mint): JSON over HTTP/1.1, on the unix socket and over https. */
import {
  BootseedError,
  commitRequestSchema,
  fromHex,
  MAX_MINT_BODY_BYTES,
  reservationsRequestSchema,
  toHex,
  verifyToken,
} from "@bootseed/protocol";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { EXIT, HostError } from "../host-error.ts";
import type { HostContext } from "../host-context.ts";
import type { VmRow } from "../store/store.ts";
import { approveRoutes } from "./approve.ts";
import { answer, errorAnswer } from "./errors.ts";
import { isBehind } from "./behind.ts";
import { body } from "./body.ts";
import {
  type Caller,
  callerOf,
  guard,
  ownsStack,
  type Recognise,
  requireOwner,
  requireQuota,
  requireStack,
  Unauthorized,
} from "./caller.ts";
import { mintClientRoutes } from "./clients.ts";
import { joinTokenRoutes } from "./join-tokens.ts";
import { machineRoutes } from "./machines.ts";
import { recogniseLocal } from "./recognise.ts";
import { reserve } from "./reserve.ts";
import { sourceView } from "./views.ts";
import { vmsRoutes } from "./vms.ts";

/**
 * @param recognise who sent a request; by default as on the unix socket
 * @example
 * const app = mintApp(context);
 * const response = await app.fetch(new Request("http://localhost/v1/vms"));
 */
export function mintApp(context: HostContext, recognise: Recognise = recogniseLocal(context)): Hono {
  const app = new Hono();
  app.onError((error) => {
    const response = errorAnswer(error);
    if (error instanceof BootseedError && [401, 403, 429].includes(response.status))
      context.refusals.count("mint", error instanceof Unauthorized ? "unauthorized" : error.code, error.message);
    if (response.status >= 500) context.log.error({ err: error }, "mint request failed");
    return response;
  });
  app.notFound(() => answer(404, "not-found", "no such resource", "see docs/protocol.md for the mint API"));
  app.use(guard(recognise));
  app.use(bodyLimit({ maxSize: MAX_MINT_BODY_BYTES, onError: tooLarge }));

  app.post("/v1/reservations", async (c) => {
    const request = await body(c, reservationsRequestSchema);
    const { stack } = request;
    const caller = callerOf(c);
    requireStack(caller, stack);
    const reserved = await reserve(context, request, caller.id);
    context.log.info(
      { client: caller.name, stack, seeds: request.urns.length, sourceClass: reserved.sourceClass },
      "reserved",
    );
    return Response.json(reserved);
  });
  app.post("/v1/reservations/:seedId/commit", async (c) => commit(context, c.req.param("seedId"), c));
  app.route("/", vmsRoutes(context));
  app.route("/", machineRoutes(context));
  app.route("/", joinTokenRoutes(context));
  app.route("/", mintClientRoutes(context));
  app.route("/", approveRoutes(context));
  app.post("/v1/vms/:seedId/revoke", (c) => revoke(context, c.req.param("seedId")));
  app.post("/v1/vms/:seedId/acknowledge", (c) => acknowledge(context, c.req.param("seedId")));
  app.post("/v1/snapshot", async () => Response.json({ file: await context.store.snapshot() }));
  app.get("/v1/status", async (c) => Response.json(await status(context, callerOf(c))));
  return app;
}

async function commit(context: HostContext, seedIdHex: string, c: Context): Promise<Response> {
  const request = await body(c, commitRequestSchema);
  const seedId = fromHex(seedIdHex, 16);
  const now = context.now();
  const { kToken } = context.identity.keys;
  const { stack, urn, sourceClass, client: reservedBy } = verifyToken(request.token, seedId, kToken, now);
  const caller = callerOf(c);
  requireOwner(caller, reservedBy);
  requireStack(caller, stack);
  requireQuota(context.store, caller, now);
  const { name, bind } = request;
  const client = caller.account;
  if (!context.store.seeds.commit({ seedId, stack, urn, name, bind, sourceClass, committedAt: now, client })) {
    const message = `seed ${seedIdHex} was committed before: one seed, one VM`;
    throw new HostError("conflict", message, "reserve a new seed", EXIT.unavailable);
  }
  context.log.info({ client: caller.name, seedId: seedIdHex, stack, urn, name, bind, sourceClass }, "committed");
  return Response.json({ seedId: seedIdHex });
}

/** Ends what a VM is to this host; a machine that is to come back joins with a token and a new identity. */
function revoke(context: HostContext, seedIdHex: string): Response {
  const [seedId, now] = [fromHex(seedIdHex, 16), context.now()];
  // A seed that no machine has claimed has no enrolment to end: it is taken out of the lists, and no machine can claim it.
  if (!context.store.enrolments.revoke(seedId, now) && context.store.seeds.forget(seedId, now) === "unknown")
    throw new HostError("not-found", `no VM has the seed ${seedIdHex}`, "see `bootseed vm ls --all`", EXIT.usage);
  context.log.warn({ seedId: seedIdHex }, "VM revoked");
  return Response.json({ seedId: seedIdHex });
}

/** An operator has looked at what the host noticed about a VM: it is shown no more until it happens again. */
function acknowledge(context: HostContext, seedIdHex: string): Response {
  if (!context.store.alarms.acknowledge(fromHex(seedIdHex, 16), context.now()))
    throw new HostError("not-found", `no VM has the seed ${seedIdHex}`, "see `bootseed vm ls`", EXIT.usage);
  context.log.warn({ seedId: seedIdHex }, "alarms acknowledged");
  return Response.json({ seedId: seedIdHex });
}

/** The numbers of VMs are those that the client may see. */
async function status(context: HostContext, caller: Caller): Promise<object> {
  const problem = await context.generator.probe().then(
    () => null,
    (error: unknown) => {
      if (error instanceof HostError) return { code: error.code, message: error.message, fix: error.fix };
      throw error;
    },
  );
  const { hostId, statement } = context.identity;
  const mayBeTold = (vm: VmRow): boolean => vm.forgottenAt === null && ownsStack(caller, vm.stack);
  const vms = context.store.seeds.all().filter(mayBeTold);
  return {
    schema: 1,
    healthy: problem === null,
    problem,
    hostId: toHex(hostId),
    statementSerial: statement.serial,
    addresses: statement.addresses,
    sources: context.sources.map((source) => sourceView(source.state)),
    vms: vms.length,
    behind: vms.filter((vm) => isBehind(vm, statement.serial, context.now())).length,
    refusals: context.refusals.counts(),
  };
}

function tooLarge(): Response {
  const message = `the body has more than ${MAX_MINT_BODY_BYTES} bytes`;
  return answer(413, "too-long", message, "split it into several requests", { connection: "close" });
}
