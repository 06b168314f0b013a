import { Hono } from "hono";
import type { ActionBook } from "./action-book.ts";
import { consoleTail } from "./console.ts";
import { checkCreate, checkTag } from "./create-request.ts";
import { addressOf, dropletJson, type Droplet } from "./droplet.ts";
import type { Fleet } from "./fleet.ts";
import { dropletOf, jsonBody, page } from "./request.ts";
import type { KeyRing } from "./ssh-keys.ts";
import type { TagBook } from "./tags.ts";

const CONSOLE_LINES = 60;

/** What an account holds beside its droplets. */
export interface Account {
  readonly keys: KeyRing;
  readonly tags: TagBook;
  readonly actions: ActionBook;
}

/** /v2/droplets. @param images slugs of the images that there are */
export function dropletRoutes(fleet: Fleet, account: Account, images: () => readonly string[]): Hono {
  const { keys, tags, actions } = account;
  const app = new Hono();
  app.post("/", async (context) => {
    const request = checkCreate(await jsonBody(context), images());
    const droplet = await fleet.create(request, keys.resolve(request.sshKeys));
    tags.remember(request.tags);
    const { id } = actions.begin("create", droplet, droplet.starting);
    const href = new URL(`/v2/actions/${id}`, context.req.url).toString();
    return context.json({ droplet: dropletJson(droplet), links: { actions: [{ id, rel: "create", href }] } }, 202);
  });
  app.get("/", (context) => {
    const { tag_name: tag, name } = context.req.query();
    const found = fleet
      .list()
      .filter((d) => (tag === undefined || d.tags.has(tag)) && (name === undefined || d.name === name));
    return context.json(page(context, "droplets", found, dropletJson));
  });
  app.delete("/", async (context) => {
    const tag = checkTag(context.req.query("tag_name")); // without one this would be all droplets
    await Promise.all(fleet.list().flatMap(({ id, tags: has }) => (has.has(tag) ? [fleet.delete(id)] : [])));
    return context.body(null, 204);
  });
  app.get("/:id", (context) => context.json({ droplet: dropletJson(dropletOf(context, fleet)) }));
  app.delete("/:id", async (context) => {
    await fleet.delete(dropletOf(context, fleet).id);
    return context.body(null, 204);
  });
  return app;
}

/** A droplet in a list of this cloud's own. */
export function localSummary({ id, name, status, number, error, machine }: Droplet): Record<string, unknown> {
  return { id, name, status, address: addressOf(number), error, pid: machine?.pid ?? null };
}

/** A droplet's events, error, process and console: this cloud's own. */
export function localJson(droplet: Droplet): Record<string, unknown> {
  const { events, dir } = droplet;
  return { ...localSummary(droplet), events, console: consoleTail(dir, CONSOLE_LINES) };
}
