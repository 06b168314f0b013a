/** Type tokens of the resources that this package makes or looks at. */

export const COMPONENT_TYPE = "bootseed:index:SeededDroplet";
export const DROPLET_TYPE = "digitalocean:index/droplet:Droplet";
export const AUTOSCALE_TYPE = "digitalocean:index/dropletAutoscale:DropletAutoscale";

/** Whether this is the droplet of a `SeededDroplet`, of whatever process or version: it has its seed already. */
export const isInSeededDroplet = (urn: string): boolean => urn.includes(`${COMPONENT_TYPE}$${DROPLET_TYPE}::`);
