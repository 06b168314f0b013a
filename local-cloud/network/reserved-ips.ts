import { Hono } from "hono";
import { z } from "zod";
import { isRegion, regionJson } from "../catalogue.ts";
import { dropletJson, type Droplet } from "../droplet.ts";
import { notFound, unprocessable } from "../errors.ts";
import type { Fleet } from "../fleet.ts";
import { jsonBody, page } from "../request.ts";

interface ReservedIp {
  /** 203.0.113.n, for documentation (RFC 5737): nobody listens there, here neither. */
  readonly ip: string;
  readonly region: string;
  dropletId: number | undefined;
}

type Json = Record<string, unknown>;

const createSchema = z.union([z.object({ region: z.string() }), z.object({ droplet_id: z.number().int() })]);
const actionSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("assign"), droplet_id: z.number().int() }),
  z.object({ type: z.literal("unassign") }),
]);
const MAX_ADDRESSES = 254;

/** The account's addresses that outlive droplets. Kept and shown; they lead nowhere here. */
class ReservedIpBook {
  readonly #ips = new Map<string, ReservedIp>();
  readonly #actions = new Map<number, { readonly ip: string; readonly json: Json }>();
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  list(): ReservedIp[] {
    return [...this.#ips.values()];
  }

  /** @throws ApiError 404 */
  get(ip: string): ReservedIp {
    const reserved = this.#ips.get(ip);
    if (reserved === undefined) throw notFound();
    return reserved;
  }

  /** Undefined also when its droplet is gone: DigitalOcean takes the address off a droplet that is deleted. */
  dropletOf({ dropletId }: ReservedIp): Droplet | undefined {
    return this.#fleet.list().find(({ id }) => id === dropletId);
  }

  /** @throws ApiError 422 */
  create(body: unknown): ReservedIp {
    const parsed = createSchema.safeParse(body);
    if (!parsed.success) throw unprocessable("expected region or droplet_id");
    const droplet = "droplet_id" in parsed.data ? this.#droplet(parsed.data.droplet_id) : undefined;
    const region = "region" in parsed.data ? parsed.data.region : (droplet?.request.region ?? "");
    if (!isRegion(region)) throw unprocessable(`You specified an invalid region: got ${region}.`);
    const free = Array.from({ length: MAX_ADDRESSES }, (_, n) => `203.0.113.${n + 1}`);
    const ip = free.find((address) => !this.#ips.has(address));
    if (ip === undefined) throw unprocessable("Reserved IP limit reached.");
    const reserved = { ip, region, dropletId: droplet?.id };
    this.#ips.set(ip, reserved);
    return reserved;
  }

  remove(ip: string): void {
    this.#ips.delete(this.get(ip).ip);
  }

  /** Done at once, and told as DigitalOcean tells it. @throws ApiError 404, 422 */
  act(ip: string, body: unknown): Json {
    const reserved = this.get(ip);
    const parsed = actionSchema.safeParse(body);
    if (!parsed.success) throw unprocessable("expected type assign with droplet_id, or type unassign");
    if (parsed.data.type === "unassign" && this.dropletOf(reserved) === undefined)
      throw unprocessable("The reserved IP is not assigned to a Droplet.");
    reserved.dropletId = parsed.data.type === "assign" ? this.#droplet(parsed.data.droplet_id).id : undefined;
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const id = 9001 + this.#actions.size;
    const json = {
      id,
      status: "completed",
      type: `${parsed.data.type}_ip`,
      started_at: now,
      completed_at: now,
      resource_id: Number(ip.split(".").at(-1)),
      resource_type: "reserved_ip",
      region: regionJson(reserved.region),
      region_slug: reserved.region,
    };
    this.#actions.set(id, { ip, json });
    return json;
  }

  /** @throws ApiError 404 */
  action(ip: string, id: string): Json {
    const action = this.#actions.get(Number(id));
    if (action?.ip !== ip) throw notFound();
    return action.json;
  }

  #droplet(id: number): Droplet {
    const droplet = this.#fleet.list().find((one) => one.id === id);
    if (droplet === undefined) throw unprocessable(`droplet_id: no droplet ${id}`);
    return droplet;
  }
}

/** /v2/reserved_ips. */
export function reservedIpRoutes(fleet: Fleet): Hono {
  const ips = new ReservedIpBook(fleet);
  const shown = (reserved: ReservedIp): Json => {
    const droplet = ips.dropletOf(reserved);
    const { ip, region } = reserved;
    return { ip, region: regionJson(region), droplet: droplet ? dropletJson(droplet) : null, locked: false };
  };
  const app = new Hono();
  app.post("/", async (context) => {
    const reserved = ips.create(await jsonBody(context));
    return context.json({ reserved_ip: shown(reserved), links: {} }, 202);
  });
  app.get("/", (context) => context.json(page(context, "reserved_ips", ips.list(), shown)));
  app.get("/:ip", (context) => context.json({ reserved_ip: shown(ips.get(context.req.param("ip"))) }));
  app.delete("/:ip", (context) => {
    ips.remove(context.req.param("ip"));
    return context.body(null, 204);
  });
  app.post("/:ip/actions", async (context) =>
    context.json({ action: ips.act(context.req.param("ip"), await jsonBody(context)) }, 201),
  );
  app.get("/:ip/actions/:id", (context) => {
    const { ip, id } = context.req.param();
    return context.json({ action: ips.action(ip, id) });
  });
  return app;
}
