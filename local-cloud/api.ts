import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { ActionBook } from "./action-book.ts";
import { actionRoutes } from "./actions.ts";
import { CATALOGUE, imageJson, imageSlug, imageSlugs, regionJson, sizeJson } from "./catalogue.ts";
import { dropletRoutes, localJson, localSummary } from "./droplet-routes.ts";
import { ApiError, notFound } from "./errors.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import { injectFaults } from "./faults/inject.ts";
import type { Fleet } from "./fleet.ts";
import { firewallRoutes } from "./network/firewalls.ts";
import { reservedIpRoutes } from "./network/reserved-ips.ts";
import { vpcRoutes } from "./network/vpcs.ts";
import { dropletOf, page } from "./request.ts";
import { KeyRing, keyRoutes } from "./ssh-keys.ts";
import { TagBook, tagRoutes } from "./tags.ts";

const BODY_MAX = 1024 * 1024;
const HOUR_S = 3600;

/** What an API may be given beside its fleet. */
export interface ApiOptions {
  /** what goes wrong, and when; default nothing */
  readonly faults?: FaultPlan;
  /** what `GET /local` says beside the droplets */
  readonly about?: Readonly<Record<string, unknown>>;
  /** sees every request before all else, faults included */
  readonly observe?: MiddlewareHandler;
}

/**
 * The HTTP API as a function from Request to Response. Everything below /v2 has DigitalOcean's paths, fields and errors;
 * below /local is this cloud's own: what it is, its faults to come, and events, error, process and console of a droplet.
 *
 * @param images folder with one folder per image slug
 */
export function createApi(fleet: Fleet, images: string, options: ApiOptions = {}): Hono {
  const app = new Hono();
  const account = { keys: new KeyRing(), tags: new TagBook(fleet), actions: new ActionBook() };
  const slugs = (): string[] => imageSlugs(images);
  if (options.observe !== undefined) app.use(options.observe);
  const { faults = new FaultPlan(), about = {} } = options;
  app.use("/v2/*", injectFaults(faults));
  app.use("/v2/*", async (context, next) => {
    // The documented fields, for clients that read them; nothing is counted: `--fault` makes a 429.
    context.header("ratelimit-limit", "5000");
    context.header("ratelimit-remaining", "4999");
    context.header("ratelimit-reset", String(Math.floor(Date.now() / 1000) + HOUR_S));
    await next();
  });
  app.use(async (context, next) => {
    // any token does: there is nothing to protect on loopback, but a client that forgot its own must hear it here and not later
    if (!/^Bearer \S+$/.test(context.req.header("authorization") ?? ""))
      throw new ApiError(401, "unauthorized", "Unable to authenticate you.");
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
    return context.json({ id: error.id, message: error.message }, error.status as ContentfulStatusCode);
  });
  app.notFound((context) => {
    const { id, message } = notFound();
    return context.json({ id, message }, 404);
  });

  app.route("/v2", actionRoutes(fleet, account.actions, slugs));
  app.route("/v2/droplets", dropletRoutes(fleet, account, slugs));
  app.route("/v2/tags", tagRoutes(account.tags));
  app.route("/v2/account/keys", keyRoutes(account.keys));
  app.route("/v2/vpcs", vpcRoutes(fleet));
  app.route("/v2/firewalls", firewallRoutes(fleet));
  app.route("/v2/reserved_ips", reservedIpRoutes(fleet));
  app.get("/v2/sizes", (context) => context.json(page(context, "sizes", CATALOGUE.sizes, sizeJson)));
  app.get("/v2/regions", (context) => context.json(page(context, "regions", CATALOGUE.regions, regionJson)));
  app.get("/v2/images", (context) => context.json(page(context, "images", slugs(), imageJson)));
  app.get("/v2/images/:image", (context) => {
    const slug = imageSlug(context.req.param("image"), slugs());
    if (slug === undefined) throw notFound();
    return context.json({ image: imageJson(slug) });
  });
  app.get("/local", (context) => {
    const droplets = fleet.list().map((droplet) => localSummary(droplet));
    const { url } = context.req;
    return context.json({
      schema: 1,
      pid: process.pid,
      api: new URL(url).origin,
      ...about,
      faults: faults.left(),
      droplets,
    });
  });
  app.get("/local/droplets/:id", (context) => context.json(localJson(dropletOf(context, fleet))));
  return app;
}
