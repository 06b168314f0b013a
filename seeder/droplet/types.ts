/** Type tokens of the resources that this package makes or looks at, and their URNs. */
import type * as pulumi from "@pulumi/pulumi";

export const COMPONENT_TYPE = "bootseed:index:SeededDroplet";
export const DROPLET_TYPE = "digitalocean:index/droplet:Droplet";
export const AUTOSCALE_TYPE = "digitalocean:index/dropletAutoscale:DropletAutoscale";

/** Whether this is the droplet of a `SeededDroplet`, of whatever process or version: it has its seed already. */
export const isInSeededDroplet = (urn: string): boolean => urn.includes(`${COMPONENT_TYPE}$${DROPLET_TYPE}::`);

/** URN of the droplet in the component. A promise: no preview leaves it unknown. (`createUrn` would make seven Outputs.) */
export const urnInside = (component: pulumi.ComponentResource, name: string): Promise<string> =>
  new Promise((resolve) => {
    component.urn.apply((urn) => resolve(`${urn.slice(0, urn.lastIndexOf("::"))}$${DROPLET_TYPE}::${name}`));
  });
