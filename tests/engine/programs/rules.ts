/**
 * A program with a rule of the company's own for every droplet: a stack transform. `bootseed:when` says where it is registered,
 * `bootseed:rule` what it does, `bootseed:way` how the droplet is written.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet, seedStack } from "../../../seeder/index.ts";

type Props = Record<string, unknown>;

const config = new pulumi.Config("bootseed");
const [host, way] = [config.require("host"), config.require("way")];
const [when, rule] = [config.require("when"), config.require("rule")];
const COMPANY = "#cloud-config\npackages: [fail2ban]\n";

/** What the company makes of a droplet's arguments. */
const RULES: Record<string, (props: Props) => Props> = {
  default: (props) => ({ ...props, userData: props["userData"] ?? COMPANY }),
  append: (props) => ({
    ...props,
    userData: pulumi
      .output(props["userData"] as string | undefined)
      .apply((text) => `${text ?? "#cloud-config\n"}runcmd: [ls]\n`),
  }),
  replace: (props) => ({ ...props, userData: COMPANY }),
  remove: (props) => Object.fromEntries(Object.entries(props).filter(([key]) => key !== "userData")),
  tags: (props) => ({ ...props, tags: ["company"] }),
  image: (props) => ({ ...props, image: "freebsd-12-x64" }),
};

const apply = (type: string, props: Props): Props | undefined =>
  type === "digitalocean:index/droplet:Droplet" ? RULES[rule]?.(props) : undefined;
function register(at: string): void {
  if (when !== at || rule === "none") return;
  if (config.get("legacy") === "yes") {
    pulumi.runtime.registerStackTransformation(({ type, props, opts }) => {
      const made = apply(type, props);
      return made === undefined ? undefined : { props: made, opts };
    });
    return;
  }
  pulumi.runtime.registerResourceTransform(({ type, props, opts }) => {
    const made = apply(type, props);
    // A rule that gives no options back loses the droplet's own, hooks among them.
    return made === undefined ? undefined : { props: made, opts: config.get("bare") === "yes" ? {} : opts };
  });
}

const userData = config.get("userData");
const args = {
  image: "debian-12-x64",
  region: "ams3",
  size: "s-1vcpu-1gb",
  ...(userData === undefined ? {} : { userData }),
};
const make = (name: string): digitalocean.Droplet =>
  way === "seeded"
    ? new SeededDroplet(name, { name, ...args, host, reportTimeoutSeconds: 1 }).droplet
    : new digitalocean.Droplet(name, { name, ...args });

register("before");
if (way === "stack") seedStack({ host });
register("after");
if (when === "late") {
  // When the first droplet is there, and our transform before it; its URN is known in preview too.
  make("first").urn.apply(() => {
    register("late");
    make("web");
  });
} else {
  make("web");
  register("below");
}
