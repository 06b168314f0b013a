/** The way out: what takes the place of `seedStack()`. */
import * as pulumi from "@pulumi/pulumi";

/** Droplets keep the user-data that they were made with, and none is replaced. Call it before the first resource. */
export function leave(): void {
  pulumi.runtime.registerResourceTransform(({ type, props, opts }) =>
    type === "digitalocean:index/droplet:Droplet"
      ? { props, opts: pulumi.mergeOptions(opts, { ignoreChanges: ["userData"] }) }
      : undefined,
  );
}
