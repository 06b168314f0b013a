/**
 * A program as people have it: plain droplets, one of them inside a component of somebody else's, one inside an `apply`,
 * and everything that can be special about a droplet. What is special comes from the configuration of the test.
 *
 * `bootseed:seedStack: yes` is the one line at the top.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet, seedStack } from "../../../seeder/index.ts";

interface Wanted {
  /** Of the resource, and of the droplet unless its name is automatic. */
  name: string;
  /** The provider makes the droplet's name, another one for each replacement: `web-1a2b3c4`. */
  automaticName?: boolean;
  /** Where it stands: in the program itself (`plain`, the default), in a component, in an `apply`, or as a SeededDroplet. */
  where?: "plain" | "component" | "apply" | "seeded";
  args?: Partial<digitalocean.DropletArgs>;
  opts?: pulumi.CustomResourceOptions;
  /** `userData` as a secret Output, or as one that preview cannot know: it holds the address of that droplet. */
  secretUserData?: string;
  addressOf?: string;
  /** A hook of the user's own before create. */
  ownHook?: "passes" | "throws";
}

const config = new pulumi.Config("bootseed");
const host = config.get("host") ?? "";

if (config.get("seedStack") === "yes") {
  const left = config.getObject<string[]>("left") ?? [];
  const elsewhere = config.getObject<Record<string, string>>("elsewhere") ?? {};
  seedStack({
    host,
    select: ({ name }) => {
      const other = elsewhere[name];
      return other === undefined ? !left.includes(name) : { host: other };
    },
  });
}
if (config.get("seedStack") === "twice") for (const _ of [1, 2]) seedStack({ host });

// The way out: what takes the place of the line when it is taken out again.
if (config.get("seedStack") === "ignore") {
  pulumi.runtime.registerResourceTransform(({ type, props, opts }) =>
    type === "digitalocean:index/droplet:Droplet"
      ? { props, opts: pulumi.mergeOptions(opts, { ignoreChanges: ["userData"] }) }
      : undefined,
  );
}

/** Somebody else's component: it knows nothing of bootseed. */
class Cluster extends pulumi.ComponentResource {
  readonly node: digitalocean.Droplet;

  constructor(name: string, args: digitalocean.DropletArgs, opts?: pulumi.CustomResourceOptions) {
    super("acme:index:Cluster", `${name}-cluster`);
    this.node = new digitalocean.Droplet(name, args, { ...opts, parent: this });
  }
}

const base = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };
const made = new Map<string, digitalocean.Droplet>();

function userDataOf({ args, secretUserData, addressOf }: Wanted): digitalocean.DropletArgs["userData"] {
  if (secretUserData !== undefined) return pulumi.secret(secretUserData);
  const other = made.get(addressOf ?? "");
  if (other !== undefined) return pulumi.interpolate`#cloud-config\n# it is ${other.ipv4Address}\n`;
  return args?.userData;
}

const hooksOf = (name: string, outcome: "passes" | "throws"): pulumi.ResourceHookBinding => {
  const own = new pulumi.ResourceHook(`own-${name}`, () => {
    if (outcome === "throws") throw new Error(`own hook of ${name} refuses`);
    void pulumi.log.info(`own hook of ${name} passes`);
  });
  return { beforeCreate: [own] };
};

for (const wanted of config.getObject<Wanted[]>("fleet") ?? []) {
  const { name, where, args, automaticName } = wanted;
  const userData = userDataOf(wanted);
  const own = { ...(automaticName ? {} : { name }), ...base, ...args, ...(userData === undefined ? {} : { userData }) };
  const opts = { ...wanted.opts, ...(wanted.ownHook === undefined ? {} : { hooks: hooksOf(name, wanted.ownHook) }) };
  if (where === "component") made.set(name, new Cluster(name, own, opts).node);
  else if (where === "seeded") made.set(name, new SeededDroplet(name, { ...own, host }, opts).droplet);
  else if (where === "apply") pulumi.output(own).apply((known) => new digitalocean.Droplet(name, known, opts));
  else made.set(name, new digitalocean.Droplet(name, own, opts));
}

/** A pool, where the configuration asks for one. */
export const pool: digitalocean.DropletAutoscale | undefined =
  config.get("pool") === "yes"
    ? new digitalocean.DropletAutoscale("pool", {
        config: { targetNumberInstances: 2 },
        dropletTemplate: { ...base, sshKeys: [], userData: "#cloud-config\n" },
      })
    : undefined;
