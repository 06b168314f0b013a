import { Hono } from "hono";
import { dropletOf, jsonBody } from "./api.ts";
import { regionJson } from "./catalogue.ts";
import type { Droplet } from "./droplet.ts";
import { notFound, unprocessable } from "./errors.ts";
import type { Fleet } from "./fleet.ts";

type Body = Readonly<Record<string, unknown>>;

/** What can be done to a droplet; each is complete when it is answered. */
const ACTIONS: Readonly<Record<string, (fleet: Fleet, droplet: Droplet, body: Body) => Promise<void>>> = {
  reboot: async (fleet, droplet) => {
    await running(droplet).reset();
    fleet.note(droplet, "rebooted", "by the API");
  },
  power_cycle: async (fleet, droplet) => {
    await running(droplet).reset();
    fleet.note(droplet, "rebooted", "by the API");
  },
  shutdown: async (_fleet, droplet) => running(droplet).shutDown(),
  power_off: async (fleet, droplet) => {
    running(droplet);
    await fleet.powerOff(droplet);
  },
  power_on: async (fleet, droplet) => {
    if (droplet.machine !== undefined || droplet.locked) throw unprocessable("Droplet is already powered on.");
    Object.assign(droplet, { locked: true, error: null });
    void fleet.start(droplet);
  },
  rename: async (_fleet, droplet, body) => {
    if (typeof body["name"] !== "string" || body["name"] === "") throw unprocessable("name: expected a string");
    droplet.name = body["name"];
  },
};

/** `POST /droplets/ID/actions`, and what can be asked about an action afterwards. */
export function actionRoutes(fleet: Fleet): Hono {
  const app = new Hono();
  const done = new Map<number, Record<string, unknown>>();
  app.post("/droplets/:id/actions", async (context) => {
    const droplet = dropletOf(context, fleet);
    const body = ((await jsonBody(context)) ?? {}) as Body;
    const type = String(body["type"]);
    const act = Object.hasOwn(ACTIONS, type) ? ACTIONS[type] : undefined;
    if (act === undefined) throw unprocessable(`type: got ${type}, this cloud has ${Object.keys(ACTIONS).join(", ")}`);
    const started = new Date().toISOString();
    await act(fleet, droplet, body);
    const id = droplet.id * 100 + done.size;
    const { region } = droplet.request;
    const action = {
      id,
      status: "completed",
      type,
      started_at: started,
      completed_at: new Date().toISOString(),
      resource_id: droplet.id,
      resource_type: "droplet",
      region: regionJson(region),
      region_slug: region,
    };
    done.set(id, action);
    return context.json({ action }, 201);
  });
  const find = (id: string | undefined): Record<string, unknown> => {
    const action = done.get(Number(id));
    if (action === undefined) throw notFound();
    return action;
  };
  app.get("/actions/:action", (context) => context.json({ action: find(context.req.param("action")) }));
  app.get("/droplets/:id/actions/:action", (context) => context.json({ action: find(context.req.param("action")) }));
  return app;
}

function running(droplet: Droplet): NonNullable<Droplet["machine"]> {
  if (droplet.machine === undefined) throw unprocessable("Droplet is not powered on.");
  return droplet.machine;
}
