import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { actionRoutes } from "./actions.ts";
import { CATALOGUE, imageJson, imageSlugs, regionJson, sizeJson } from "./catalogue.ts";
import { consoleTail } from "./console.ts";
import { checkCreate } from "./create-request.ts";
import { dropletJson, type Droplet } from "./droplet.ts";
import { ApiError, notFound } from "./errors.ts";
import type { Fleet } from "./fleet.ts";
import { KeyRing, keyRoutes } from "./ssh-keys.ts";
import { TagBook, tagRoutes } from "./tags.ts";

const BODY_MAX = 1024 * 1024;
const CONSOLE_LINES = 60;

/**
 * The HTTP API as a function from Request to Response. Everything below /v2 has DigitalOcean's paths, fields and errors;
 * /local/droplets/ID is this cloud's own: events, error, process and console of a droplet.
 *
 * @param images folder with one folder per image slug
 */
export function createApi(fleet: Fleet, images: string): Hono {
  const app = new Hono();
  const keys = new KeyRing();
  const tags = new TagBook(fleet);
  app.use(async (context, next) => {
    // any token does: there is nothing to protect on loopback, but a client that forgot its own must hear it here and not later
    if (!/^Bearer \S+$/.test(context.req.header("authorization") ?? ""))
      throw new ApiError(401, "unauthorized", "Unable to authenticate you");
    await next();
  });
  app.use(
    bodyLimit({
      maxSize: BODY_MAX,
      onError: () => {
        throw new ApiError(413, "request_too_large", `expected a body of at most ${BODY_MAX} bytes`);
      },
    }),
  );
  app.onError((error, context) => {
    if (!(error instanceof ApiError)) return context.json({ id: "server_error", message: error.message }, 500);
    return context.json({ id: error.id, message: error.message }, error.status);
  });
  app.notFound((context) =>
    context.json({ id: "not_found", message: "The resource you requested could not be found." }, 404),
  );

  app.post("/v2/droplets", async (context) => {
    const request = checkCreate(await jsonBody(context), imageSlugs(images));
    const droplet = await fleet.create(request, keys.resolve(request.sshKeys));
    tags.remember(request.tags);
    return context.json({ droplet: dropletJson(droplet), links: { actions: [] } }, 202);
  });
  app.get("/v2/droplets", (context) => {
    const { tag_name: tag, name } = context.req.query();
    const found = fleet
      .list()
      .filter((d) => (tag === undefined || d.tags.has(tag)) && (name === undefined || d.name === name));
    return context.json(page(context, "droplets", found, dropletJson));
  });
  app.get("/v2/droplets/:id", (context) => context.json({ droplet: dropletJson(dropletOf(context, fleet)) }));
  app.delete("/v2/droplets/:id", async (context) => {
    await fleet.delete(dropletOf(context, fleet).id);
    return context.body(null, 204);
  });
  app.route("/v2", actionRoutes(fleet));
  app.route("/v2/tags", tagRoutes(tags));
  app.route("/v2/account/keys", keyRoutes(keys));
  app.get("/v2/sizes", (context) => context.json(page(context, "sizes", CATALOGUE.sizes, sizeJson)));
  app.get("/v2/regions", (context) => context.json(page(context, "regions", CATALOGUE.regions, regionJson)));
  app.get("/v2/images", (context) => context.json(page(context, "images", imageSlugs(images), imageJson)));
  app.get("/v2/images/:slug", (context) => {
    const slug = context.req.param("slug");
    if (!imageSlugs(images).includes(slug)) throw notFound();
    return context.json({ image: imageJson(slug) });
  });
  app.get("/local/droplets/:id", (context) => context.json(localJson(dropletOf(context, fleet))));
  return app;
}

/** The droplet that `:id` names. @throws ApiError 404 */
export function dropletOf(context: Context, fleet: Fleet): Droplet {
  const id = context.req.param("id") ?? "";
  if (!/^\d{1,15}$/.test(id)) throw notFound();
  return fleet.get(Number(id));
}

/** @throws ApiError 400 */
export async function jsonBody(context: Context): Promise<unknown> {
  const text = await context.req.text();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiError(400, "bad_request", "expected a body of JSON");
  }
}

/** One page of a list, DigitalOcean's way: `page` from 1, `per_page` 1 to 200, default 20. */
export function page<T>(
  context: Context,
  name: string,
  all: readonly T[],
  show: (item: T) => unknown,
): Record<string, unknown> {
  const size = within(Number(context.req.query("per_page") ?? 20), 1, 200);
  const number = within(Number(context.req.query("page") ?? 1), 1, 1_000_000);
  const items = all.slice((number - 1) * size, number * size).map((item) => show(item));
  const url = new URL(context.req.url);
  url.searchParams.set("page", String(number + 1));
  const links = number * size < all.length ? { pages: { next: url.toString() } } : {};
  return { [name]: items, links, meta: { total: all.length } };
}

function within(value: number, low: number, high: number): number {
  return Number.isInteger(value) ? Math.min(high, Math.max(low, value)) : low;
}

function localJson(droplet: Droplet): Record<string, unknown> {
  const { id, name, status, error, events, dir } = droplet;
  return {
    id,
    name,
    status,
    error,
    pid: droplet.machine?.pid ?? null,
    events,
    console: consoleTail(dir, CONSOLE_LINES),
  };
}
