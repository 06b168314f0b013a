import { Hono } from "hono";
import { actionJson, type ActionBook } from "./action-book.ts";

import { imageSlug, sizeOf } from "./catalogue.ts";
import { checkName } from "./create-request.ts";
import type { Droplet } from "./droplet.ts";
import { notFound, unprocessable } from "./errors.ts";
import type { Fleet } from "./fleet.ts";
import { dropletOf, jsonBody, page } from "./request.ts";

type Body = Readonly<Record<string, unknown>>;

/** Begins an action. Not async: what it refuses it throws at once, before there is an action; what takes time it returns. */
type Act = (fleet: Fleet, droplet: Droplet, body: Body, images: readonly string[]) => Promise<unknown> | undefined;

const reset: Act = (fleet, droplet) => {
  if (droplet.machine === undefined) throw unprocessable("Droplet is not powered on.");
  return droplet.machine.reset().then(() => fleet.note(droplet, "rebooted", "by the API"));
};
const feature =
  (name: string, on: boolean): Act =>
  (_fleet, droplet) => {
    if (on) droplet.features.add(name);
    else droplet.features.delete(name);
    return undefined;
  };

const ACTIONS: Readonly<Record<string, Act>> = {
  reboot: reset,
  power_cycle: reset,
  // Over as soon as the guest was asked; of a droplet that is off there is nothing to ask, which is no error either.
  shutdown: (_fleet, droplet) => droplet.machine?.shutDown(),
  power_off: (fleet, droplet) => {
    if (droplet.machine === undefined) throw unprocessable("Droplet is already powered off.");
    return fleet.powerOff(droplet);
  },
  power_on: (fleet, droplet) => {
    if (droplet.machine !== undefined) throw unprocessable("Droplet is already powered on.");
    return fleet.powerOn(droplet);
  },
  rename: (_fleet, droplet, body) => {
    droplet.name = checkName(body["name"]);
    return undefined;
  },
  resize: (_fleet, droplet, body) => {
    resize(droplet, body);
    return undefined;
  },
  rebuild: (fleet, droplet, body, images) => {
    const image = imageSlug(body["image"], images);
    if (image === undefined)
      throw unprocessable(`You specified an invalid image: this cloud has ${images.join(", ")}.`);
    return fleet.rebuild(droplet, image);
  },
  enable_backups: feature("backups", true),
  disable_backups: feature("backups", false),
  enable_ipv6: feature("ipv6", true),
  enable_private_networking: feature("private_networking", true),
};

/** What the API shows changes; what the VM gets is `--memory` and `--cpus`, as for all. */
function resize(droplet: Droplet, body: Body): void {
  if (droplet.machine !== undefined) throw unprocessable("Droplet must be powered off before it is resized.");
  const size = sizeOf(String(body["size"]));
  if (size === undefined) throw unprocessable(`You specified an invalid size: got ${String(body["size"])}.`);
  if (size.disk < droplet.size.disk) throw unprocessable("This size is not available because it has a smaller disk.");
  droplet.size = body["disk"] === true ? size : { ...size, disk: droplet.size.disk };
}

/** `POST /droplets/ID/actions`, and what can be asked about actions afterwards. */
export function actionRoutes(fleet: Fleet, book: ActionBook, images: () => readonly string[]): Hono {
  const app = new Hono();
  app.post("/droplets/:id/actions", async (context) => {
    const droplet = dropletOf(context, fleet);
    const body = ((await jsonBody(context)) ?? {}) as Body;
    const type = String(body["type"]);
    const act = Object.hasOwn(ACTIONS, type) ? ACTIONS[type] : undefined;
    if (act === undefined) throw unprocessable(`type: got ${type}, this cloud has ${Object.keys(ACTIONS).join(", ")}`);
    if (droplet.locked || book.of(droplet).some(({ status }) => status === "in-progress"))
      throw unprocessable("Droplet already has a pending event.");
    const action = book.begin(type, droplet, Promise.resolve(act(fleet, droplet, body, images())));
    return context.json({ action: actionJson(action) }, 201);
  });
  app.get("/actions", (context) => context.json(page(context, "actions", book.list().toReversed(), actionJson)));
  app.get("/actions/:action", (context) => context.json({ action: actionJson(book.get(context.req.param("action"))) }));
  app.get("/droplets/:id/actions", (context) => {
    const actions = book.of(dropletOf(context, fleet)).toReversed();
    return context.json(page(context, "actions", actions, actionJson));
  });
  app.get("/droplets/:id/actions/:action", (context) => {
    const action = book.get(context.req.param("action"));
    if (action.dropletId !== dropletOf(context, fleet).id) throw notFound();
    return context.json({ action: actionJson(action) });
  });
  return app;
}
