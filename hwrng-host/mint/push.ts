/** Where VMs are dialled, for operators and programs: part of the mint API. */
import { fromHex, toHex } from "@bootseed/protocol";
import { Hono } from "hono";
import { isIP } from "node:net";
import { z } from "zod";
import { dialled, splitAddress } from "../config/address.ts";
import type { Push } from "../deliver/start.ts";
import type { HostContext } from "../host-context.ts";
import { EXIT, HostError } from "../host-error.ts";

/** As it is typed; its port is compared where it is set. */
export const pushAddress: z.ZodType<string> = dialled;

/** Request and answer of `POST /v1/push`. `address`: host:port, or null: this VM is not dialled any more. */
export const pushSetSchema: z.ZodType<{ seedId: string; address: string | null }> = z.strictObject({
  seedId: z.string().regex(/^[0-9a-f]{32}$/),
  address: pushAddress.nullable(),
});

/** Answer of `GET /v1/push`; times are seconds since 1970. */
export const pushAnswerSchema: z.ZodType<PushAnswer> = z.object({
  schema: z.literal(1),
  port: z.number(),
  counters: z.record(z.string(), z.number()),
  vms: z.array(
    z.object({
      seedId: z.string(),
      name: z.string(),
      address: z.string(),
      nextAt: z.number(),
      failures: z.number(),
      staleAt: z.number().nullable(),
    }),
  ),
});

export type PushAnswer = {
  schema: 1;
  /** The one port that is dialled. */
  port: number;
  /** Connections since the service started, by what came of them. */
  counters: Record<string, number>;
  vms: {
    seedId: string;
    name: string;
    address: string;
    nextAt: number;
    failures: number;
    /** Since when it is no longer dialled. */
    staleAt: number | null;
  }[];
};

/**
 * `GET /v1/push` lists; `POST /v1/push {seedId, address}` sets and begins anew.
 *
 * @example const app = mintApp(context).route("/", pushRoutes(context, push));
 */
export function pushRoutes(context: HostContext, push: Push): Hono {
  const app = new Hono();
  app.get("/v1/push", () => Response.json(list(context, push)));
  app.post("/v1/push", async (c) => {
    const request = pushSetSchema.safeParse(await c.req.json().catch(() => null));
    if (!request.success) {
      const fix = "send {seedId: 32 hex digits, address: host:port or null}";
      throw new HostError("malformed", "the body is not a push address", fix, EXIT.usage);
    }
    const { seedId, address } = request.data;
    if (address !== null) check(push, address);
    const id = fromHex(seedId, 16);
    const { store } = context;
    const known = address === null ? store.push.remove(id) : store.push.set(id, address, context.now());
    if (!known && address === null)
      throw new HostError("not-found", `${seedId} is not dialled`, "see `bootseed-host push`", EXIT.usage);
    if (!known) throw new HostError("not-found", `no such VM: ${seedId}`, "see `bootseed vm ls`", EXIT.usage);
    context.log.info({ seedId, address }, "push address");
    return Response.json({ seedId, address });
  });
  return app;
}

/** What would never be dialled is refused here already; a name is checked when it is dialled. */
function check({ port, policy }: Push, address: string): void {
  const at = splitAddress(address);
  if (at.port !== port) {
    const message = `port ${at.port} is not dialled: push.port is ${port}`;
    throw new HostError("forbidden", message, "let the VM listen on push.port, or change that", EXIT.usage);
  }
  if (isIP(at.host) !== 0 && !policy.permits(at.host)) {
    const message = `${at.host} is not dialled: this machine, its networks, link-local or multicast`;
    throw new HostError("forbidden", message, "add its network to dial.allow if it is meant", EXIT.usage);
  }
}

function list({ store }: HostContext, { port, scheduler }: Push): PushAnswer {
  const vms = store.push.all().map(({ seedId, ...row }) => ({ seedId: toHex(seedId), ...row }));
  return { schema: 1, port, counters: scheduler.counters, vms };
}
