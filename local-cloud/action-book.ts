import { regionJson } from "./catalogue.ts";
import type { Droplet } from "./droplet.ts";
import { notFound } from "./errors.ts";

/** Something that is being done to a droplet, or was. */
export interface Action {
  readonly id: number;
  readonly type: string;
  readonly dropletId: number;
  readonly region: string;
  readonly startedAt: string;
  status: "in-progress" | "completed" | "errored";
  completedAt: string | null;
}

/** All actions of this cloud, oldest first. As on DigitalOcean they outlive their droplets. */
export class ActionBook {
  readonly #actions = new Map<number, Action>();
  #nextId = 7001;

  /** Writes down an action that is under way; it is over when `work` is. */
  begin(type: string, droplet: Droplet, work: Promise<unknown>): Action {
    const id = this.#nextId++;
    const action: Action = {
      id,
      type,
      dropletId: droplet.id,
      region: droplet.request.region,
      startedAt: now(),
      status: "in-progress",
      completedAt: null,
    };
    this.#actions.set(id, action);
    const end = (status: Action["status"]) => (): void => void Object.assign(action, { status, completedAt: now() });
    work.then(end("completed"), end("errored"));
    return action;
  }

  /** @throws ApiError 404 */
  get(id: string | undefined): Action {
    const action = this.#actions.get(Number(id));
    if (action === undefined) throw notFound();
    return action;
  }

  list(): Action[] {
    return [...this.#actions.values()];
  }

  /** Those of one droplet. */
  of(droplet: Droplet): Action[] {
    return this.list().filter(({ dropletId }) => dropletId === droplet.id);
  }
}

/** An action as the API shows it. */
export function actionJson(action: Action): Record<string, unknown> {
  return {
    id: action.id,
    status: action.status,
    type: action.type,
    started_at: action.startedAt,
    completed_at: action.completedAt,
    resource_id: action.dropletId,
    resource_type: "droplet",
    region: regionJson(action.region),
    region_slug: action.region,
  };
}

/** DigitalOcean's times have no fraction. */
function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
