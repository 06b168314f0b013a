import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { z } from "zod";
import { notFound, unprocessable } from "../errors.ts";
import type { Fleet } from "../fleet.ts";
import { jsonBody, page } from "../request.ts";

const targetSchema = z.object({
  addresses: z.array(z.string()).nullish(),
  droplet_ids: z.array(z.number().int()).nullish(),
  load_balancer_uids: z.array(z.string()).nullish(),
  kubernetes_ids: z.array(z.string()).nullish(),
  tags: z.array(z.string()).nullish(),
});
const rule = { protocol: z.enum(["tcp", "udp", "icmp"]), ports: z.string().nullish() };
const bodySchema = z.object({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]*$/),
  droplet_ids: z.array(z.number().int()).max(10).nullish(),
  tags: z.array(z.string()).max(5).nullish(),
  inbound_rules: z.array(z.object({ ...rule, sources: targetSchema })).nullish(),
  outbound_rules: z.array(z.object({ ...rule, destinations: targetSchema })).nullish(),
});

type Body = z.infer<typeof bodySchema>;

interface Firewall {
  readonly id: string;
  readonly createdAt: string;
  body: Body;
}

/** @throws ApiError 422 */
function checked(body: unknown, fleet: Fleet): Body {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw unprocessable(`${issue?.path.join(".") || "body"}: ${issue?.message ?? "invalid"}`);
  }
  const { inbound_rules: inbound, outbound_rules: outbound, droplet_ids: ids } = parsed.data;
  const rules = [...(inbound ?? []), ...(outbound ?? [])];
  if (rules.length === 0) throw unprocessable("must have at least one rule");
  if (rules.some(({ protocol, ports }) => protocol !== "icmp" && !ports)) throw unprocessable("ports are required");
  const unknown = (ids ?? []).filter((id) => fleet.list().every((droplet) => droplet.id !== id));
  if (unknown.length > 0) throw unprocessable(`droplet_ids: no droplets ${unknown.join(", ")}`);
  return parsed.data;
}

/** As sent, but `0` for `all`, and for icmp without ports: so the API answers, by what the official provider makes of it. */
const shownPorts = <R extends { ports?: string | null | undefined }>(given: R): R & { ports: string } => ({
  ...given,
  ports: given.ports === "all" ? "0" : (given.ports ?? "0"),
});

/** /v2/firewalls. Kept and shown; no packet is looked at here. */
export function firewallRoutes(fleet: Fleet): Hono {
  const firewalls = new Map<string, Firewall>();
  const get = (id: string): Firewall => {
    const firewall = firewalls.get(id);
    if (firewall === undefined) throw notFound();
    return firewall;
  };
  const shown = ({ id, createdAt, body }: Firewall): Record<string, unknown> => ({
    id,
    name: body.name,
    status: "succeeded",
    created_at: createdAt,
    pending_changes: [],
    inbound_rules: (body.inbound_rules ?? []).map(shownPorts),
    outbound_rules: (body.outbound_rules ?? []).map(shownPorts),
    // Whoever deletes a droplet takes it out of its firewalls.
    droplet_ids: (body.droplet_ids ?? []).filter((one) => fleet.list().some((droplet) => droplet.id === one)),
    tags: body.tags ?? [],
  });
  const app = new Hono();
  app.post("/", async (context) => {
    const body = checked(await jsonBody(context), fleet);
    const createdAt = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const firewall: Firewall = { id: randomUUID(), createdAt, body };
    firewalls.set(firewall.id, firewall);
    return context.json({ firewall: shown(firewall) }, 202);
  });
  app.get("/", (context) => context.json(page(context, "firewalls", [...firewalls.values()], shown)));
  app.get("/:id", (context) => context.json({ firewall: shown(get(context.req.param("id"))) }));
  app.put("/:id", async (context) => {
    const firewall = get(context.req.param("id"));
    firewall.body = checked(await jsonBody(context), fleet);
    return context.json({ firewall: shown(firewall) });
  });
  app.delete("/:id", (context) => {
    firewalls.delete(get(context.req.param("id")).id);
    return context.body(null, 204);
  });
  return app;
}
