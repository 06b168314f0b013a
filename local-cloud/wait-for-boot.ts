import { setTimeout as sleep } from "node:timers/promises";

/** What `GET /local/droplets/ID` says. */
export interface LocalDroplet {
  readonly id: number;
  readonly name: string;
  readonly status: "new" | "active" | "off";
  /** why it is off and what to do, with the console's end; null while all is well */
  readonly error: string | null;
  readonly pid: number | null;
  readonly events: readonly {
    readonly at: string;
    readonly event: string;
    readonly message: string;
    readonly console?: string;
  }[];
  readonly console: string;
}

/**
 * Waits until a droplet has booted. There is no deadline of its own: the cloud's boot deadline ends the wait.
 *
 * @param api base URL of the local cloud
 * @throws Error with the droplet's `error`, if it did not boot
 */
export async function waitForBoot(api: string, id: number | string): Promise<LocalDroplet> {
  for (;;) {
    const droplet = await localDroplet(api, id);
    if (droplet.error !== null) throw new Error(droplet.error);
    if (droplet.events.some(({ event }) => event === "booted")) return droplet;
    await sleep(200);
  }
}

/** @throws Error when there is no such droplet or no such cloud */
export async function localDroplet(api: string, id: number | string): Promise<LocalDroplet> {
  return (await getJson(api, `/local/droplets/${id}`)) as LocalDroplet;
}

/** One GET with a token, as any. @throws Error with the API's message */
export async function getJson(api: string, path: string): Promise<unknown> {
  const response = await fetch(api + path, { headers: { authorization: "Bearer local" } });
  const body = (await response.json()) as { message?: string };
  if (!response.ok) throw new Error(`${path}: ${response.status} ${body.message ?? ""}`);
  return body;
}
