import type { Context } from "hono";
import type { Droplet } from "./droplet.ts";
import { ApiError, notFound } from "./errors.ts";
import type { Fleet } from "./fleet.ts";

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

/** One page of a list, DigitalOcean's way: `page` from 1, `per_page` 1 to 200, default 20; only the links that make sense. */
export function page<T>(
  context: Context,
  name: string,
  all: readonly T[],
  show: (item: T) => unknown,
): Record<string, unknown> {
  const size = within(Number(context.req.query("per_page") ?? 20), 1, 200);
  const last = Math.max(1, Math.ceil(all.length / size));
  const number = within(Number(context.req.query("page") ?? 1), 1, 1_000_000);
  const link = (to: number): string => {
    const url = new URL(context.req.url);
    url.searchParams.set("page", String(to));
    return url.toString();
  };
  const back = number > 1 ? { first: link(1), prev: link(Math.min(number - 1, last)) } : {};
  const on = number < last ? { next: link(number + 1), last: link(last) } : {};
  return {
    [name]: all.slice((number - 1) * size, number * size).map((item) => show(item)),
    links: { pages: { ...back, ...on } },
    meta: { total: all.length },
  };
}

function within(value: number, low: number, high: number): number {
  return Number.isInteger(value) ? Math.min(high, Math.max(low, value)) : low;
}
