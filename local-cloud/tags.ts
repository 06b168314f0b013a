import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, page } from "./request.ts";
import { checkTag } from "./create-request.ts";
import type { Droplet } from "./droplet.ts";
import { notFound, unprocessable } from "./errors.ts";
import type { Fleet } from "./fleet.ts";

const nameSchema = z.object({ name: z.string() });
const resourcesSchema = z.object({
  resources: z.array(z.object({ resource_id: z.union([z.string(), z.number()]), resource_type: z.literal("droplet") })),
});

/** Tags exist by themselves, with or without droplets. */
export class TagBook {
  readonly #names = new Set<string>();
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Makes tags that are not there yet. */
  remember(names: readonly string[]): void {
    for (const name of names) this.#names.add(name);
  }

  names(): string[] {
    return [...this.#names];
  }

  /** @throws ApiError 404 */
  require(name: string): string {
    if (!this.#names.has(name)) throw notFound();
    return name;
  }

  /** Removes a tag from all droplets and from the book. */
  remove(name: string): void {
    for (const droplet of this.#fleet.list()) droplet.tags.delete(name);
    this.#names.delete(name);
  }

  /** The droplets of a request to tag or untag. @throws ApiError 404, 422 */
  resources(body: unknown): Droplet[] {
    const parsed = resourcesSchema.safeParse(body);
    if (!parsed.success) throw unprocessable('resources: expected [{"resource_id": "ID", "resource_type": "droplet"}]');
    return parsed.data.resources.map(({ resource_id: id }) => this.#fleet.get(Number(id)));
  }

  /** A tag as the API shows it. @param url any of this API */
  json(name: string, url: string): Record<string, unknown> {
    const droplets = this.#fleet.list().filter((droplet) => droplet.tags.has(name));
    const last = droplets.at(-1);
    const counted = {
      count: droplets.length,
      ...(last === undefined ? {} : { last_tagged_uri: new URL(`/v2/droplets/${last.id}`, url).toString() }),
    };
    return { name, resources: { ...counted, droplets: counted } };
  }
}

/** /v2/tags as the official provider uses it. */
export function tagRoutes(tags: TagBook): Hono {
  const app = new Hono();
  app.post("/", async (context) => {
    const parsed = nameSchema.safeParse(await jsonBody(context));
    const name = checkTag(parsed.data?.name);
    tags.remember([name]);
    return context.json({ tag: tags.json(name, context.req.url) }, 201);
  });
  app.get("/", (context) =>
    context.json(page(context, "tags", tags.names(), (name) => tags.json(name, context.req.url))),
  );
  app.get("/:tag", (context) =>
    context.json({ tag: tags.json(tags.require(context.req.param("tag")), context.req.url) }),
  );
  app.delete("/:tag", (context) => {
    tags.remove(tags.require(context.req.param("tag")));
    return context.body(null, 204);
  });
  app.post("/:tag/resources", async (context) => {
    const tag = tags.require(context.req.param("tag"));
    for (const droplet of tags.resources(await jsonBody(context))) droplet.tags.add(tag);
    return context.body(null, 204);
  });
  app.delete("/:tag/resources", async (context) => {
    const tag = tags.require(context.req.param("tag"));
    for (const droplet of tags.resources(await jsonBody(context))) droplet.tags.delete(tag);
    return context.body(null, 204);
  });
  return app;
}
