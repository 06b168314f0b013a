/**
 * Droplets under `seedStack` in the moment in which the program makes them, long before the engine is asked about each: an old-style
 * transformation, which changes nothing.
 */
import * as pulumi from "@pulumi/pulumi";
import type { ProgramContext } from "./context.ts";
import { isRemote } from "./resource-tree.ts";
import { SeededDroplet } from "./seeded-droplet.ts";
import { selected } from "./selected.ts";
import { after, registerOurs } from "./stack-transform.ts";
import { DROPLET_TYPE } from "./droplet-type.ts";
import { AUTOSCALE_TYPE, urnBeforehand } from "./types.ts";
import { reserveFor } from "./user-data-input.ts";

/** `Droplet.get` makes no machine. */
const isRead = ({ id }: pulumi.CustomResourceOptions): boolean => id !== undefined;

/**
 * Registers our transform with the first droplet, after all that the program registered before it, so that ours runs last; and asks for seeds
 * beforehand, since a droplet that depends on others is only registered when those are there.
 */
export const announced =
  (context: ProgramContext): pulumi.ResourceTransformation =>
  ({ resource, type, name, props, opts }) => {
    if (type === DROPLET_TYPE && !context.dryRun && !isRead(opts) && !(opts.parent instanceof SeededDroplet)) {
      const urn = urnBeforehand(type, name, opts.parent);
      if (urn !== undefined) reserveEarly(context, urn, { name, type, props });
    }
    if (type === DROPLET_TYPE || type === AUTOSCALE_TYPE)
      return { props, opts: { ...opts, dependsOn: after(registerOurs(context), opts.dependsOn) } };
    if (!("registerOutputs" in resource)) return undefined;
    // Whether a component is another process's is known when its constructor has run.
    const gate = Promise.resolve().then(() => (isRemote(resource) ? registerOurs(context) : undefined));
    return { props, opts: { ...opts, dependsOn: after(gate, opts.dependsOn) } };
  };

/** By what is known so far: where `select` says something else in the end, a reservation is forgotten, or asked for then. */
function reserveEarly(
  context: ProgramContext,
  urn: string,
  droplet: Pick<pulumi.ResourceTransformArgs, "name" | "type" | "props">,
): void {
  try {
    const source = selected(context.stack ?? {}, urn, droplet);
    if (source === undefined) return;
    context.runs.declare(source);
    void reserveFor(context, urn, source);
  } catch {
    // The predicate may need what is not known yet: it is asked again when it is.
  }
}
