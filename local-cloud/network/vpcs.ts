import { randomUUID } from "node:crypto";
import { Hono } from "hono";
import { z } from "zod";
import { isRegion } from "../catalogue.ts";
import { ApiError, notFound, unprocessable } from "../errors.ts";
import type { Fleet } from "../fleet.ts";
import { jsonBody, page } from "../request.ts";

interface Vpc {
  readonly id: string;
  name: string;
  description: string;
  readonly region: string;
  readonly ip_range: string;
  readonly created_at: string;
}

const NAME = /^[a-zA-Z0-9.-]+$/;
const updateSchema = z.object({ name: z.string(), description: z.string().max(255).nullish() });
const createSchema = updateSchema.extend({ region: z.string(), ip_range: z.string().nullish() });
const CIDR = /^(\d{1,3}\.){3}\d{1,3}\/(1[6-9]|2[0-4])$/;

/** The account's private networks. Kept and shown; no droplet's traffic depends on one here. */
class VpcBook {
  readonly #vpcs = new Map<string, Vpc>();
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  list(): Vpc[] {
    return [...this.#vpcs.values()];
  }

  /** @throws ApiError 404 */
  get(id: string): Vpc {
    const vpc = this.#vpcs.get(id);
    if (vpc === undefined) throw notFound();
    return vpc;
  }

  /** @throws ApiError 422 */
  checkName(name: string, of?: Vpc): string {
    if (!NAME.test(name)) throw unprocessable("Name: only letters, numbers, dashes and periods are allowed.");
    if (this.list().some((other) => other !== of && other.name === name))
      throw unprocessable("This name already exists in your account.");
    return name;
  }

  /** @throws ApiError 422 */
  create(body: unknown): Vpc {
    const parsed = createSchema.safeParse(body);
    if (!parsed.success) throw unprocessable("expected name and region, and perhaps description and ip_range");
    const { name, region, description, ip_range: range } = parsed.data;
    this.checkName(name);
    if (!isRegion(region)) throw unprocessable(`You specified an invalid region: got ${region}.`);
    if (range !== null && range !== undefined && !CIDR.test(range))
      throw unprocessable(`ip_range: expected a CIDR from /16 to /24, got ${range}.`);
    const vpc: Vpc = {
      id: randomUUID(),
      name,
      description: description ?? "",
      region,
      ip_range: range ?? `10.${100 + this.#vpcs.size}.0.0/20`,
      created_at: new Date().toISOString(),
    };
    this.#vpcs.set(vpc.id, vpc);
    return vpc;
  }

  /** @throws ApiError 404; 403 while a droplet is in it */
  remove(id: string): void {
    const vpc = this.get(id);
    if (this.#fleet.list().some(({ request }) => request.vpcUuid === vpc.id))
      throw new ApiError(403, "forbidden", "Can not delete VPC with members");
    this.#vpcs.delete(id);
  }
}

const vpcJson = (vpc: Vpc): Record<string, unknown> => ({ ...vpc, urn: `do:vpc:${vpc.id}`, default: false });

/** /v2/vpcs. */
export function vpcRoutes(fleet: Fleet): Hono {
  const vpcs = new VpcBook(fleet);
  const app = new Hono();
  app.post("/", async (context) => context.json({ vpc: vpcJson(vpcs.create(await jsonBody(context))) }, 201));
  app.get("/", (context) => context.json(page(context, "vpcs", vpcs.list(), vpcJson)));
  app.get("/:id", (context) => context.json({ vpc: vpcJson(vpcs.get(context.req.param("id"))) }));
  app.put("/:id", async (context) => {
    const vpc = vpcs.get(context.req.param("id"));
    const parsed = updateSchema.safeParse(await jsonBody(context));
    if (!parsed.success) throw unprocessable("expected name, and perhaps description");
    vpc.name = vpcs.checkName(parsed.data.name, vpc);
    vpc.description = parsed.data.description ?? "";
    return context.json({ vpc: vpcJson(vpc) });
  });
  app.delete("/:id", (context) => {
    vpcs.remove(context.req.param("id"));
    return context.body(null, 204);
  });
  return app;
}
