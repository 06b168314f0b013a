/** The resources of this process as the SDK (3.270) keeps them below the stack. Its types leave all of it out. */
// oxlint-disable no-underscore-dangle -- the SDK names them so
import * as pulumi from "@pulumi/pulumi";
import type * as digitalocean from "@pulumi/digitalocean";
import { DROPLET_TYPE } from "./droplet-type.ts";

type Node = pulumi.Resource & {
  readonly __childResources?: ReadonlySet<Node>;
  readonly __pulumiType?: string;
  readonly __remote?: boolean;
};

function* below(node: Node): Generator<Node> {
  for (const child of node.__childResources ?? []) {
    yield child;
    yield* below(child);
  }
}

const tree = (): Iterable<Node> => below((pulumi.runtime.getStackResource() ?? {}) as Node);

/** Whether another process makes the children of this component. */
export const isRemote = (resource: pulumi.Resource): boolean => (resource as Node).__remote === true;

/** Whether the program has such a component by now. */
export const hasRemoteComponent = (): boolean => [...tree()].some(isRemote);

/** All droplets that this process has made, seeded or not; those that are only read, too. */
export const dropletsMade = (): digitalocean.Droplet[] =>
  [...tree()].filter((node) => node.__pulumiType === DROPLET_TYPE) as unknown as digitalocean.Droplet[];
