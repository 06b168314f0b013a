/** Type tokens of the resources that this package makes or looks at, and their URNs. */
import * as pulumi from "@pulumi/pulumi";
import { DROPLET_TYPE } from "./droplet-type.ts";

export const COMPONENT_TYPE = "bootseed:index:SeededDroplet";
const STACK_TYPE = "pulumi:pulumi:Stack";
export const AUTOSCALE_TYPE = "digitalocean:index/dropletAutoscale:DropletAutoscale";

/** Whether this is the droplet of a `SeededDroplet`, of whatever process or version: it has its seed already. */
export const isInSeededDroplet = (urn: string): boolean => urn.includes(`${COMPONENT_TYPE}$${DROPLET_TYPE}::`);

/** What the SDK keeps of a resource in its constructor, and its types leave out. */
// oxlint-disable no-underscore-dangle -- the SDK names them so
type Placed = { readonly __pulumiType?: string; readonly __parentResource?: Placed };

/**
 * The URN that a resource will have, known in its constructor, before it is registered: the engine makes it of names and types alone.
 *
 * @param parent as in the options; undefined: the stack
 * @returns undefined where a parent is only known by a URN that is still to come
 */
export function urnBeforehand(type: string, name: string, parent: pulumi.Resource | undefined): string | undefined {
  const types = [type];
  let at = (parent ?? pulumi.runtime.getStackResource()) as Placed | undefined;
  for (; at !== undefined && at.__pulumiType !== STACK_TYPE; at = at.__parentResource) {
    if (at.__pulumiType === undefined || at.__pulumiType === "") return undefined;
    types.unshift(at.__pulumiType);
  }
  if (at === undefined) return undefined;
  return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${types.join("$")}::${name}`;
}
// oxlint-enable no-underscore-dangle

/** URN of the droplet in the component. A promise: no preview leaves it unknown. (`createUrn` would make seven Outputs.) */
export const urnInside = (component: pulumi.ComponentResource, name: string): Promise<string> =>
  new Promise((resolve) => {
    component.urn.apply((urn) => resolve(`${urn.slice(0, urn.lastIndexOf("::"))}$${DROPLET_TYPE}::${name}`));
  });
