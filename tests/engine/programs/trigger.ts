/**
 * A SeededDroplet with options of the user's own, and a plain droplet beside it that `replaceWith` names. What the options hold comes
 * from the configuration.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet, type SeededDropletOptions } from "../../../seeder/index.ts";

const config = new pulumi.Config("bootseed");
const given = config.requireObject<{ trigger?: unknown; secret?: boolean; fixed?: boolean; hide?: boolean }>("own");
const args = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };

const other = new digitalocean.Droplet("other", { name: "other", ...args });
const hook = (when: string): pulumi.ResourceHook =>
  new pulumi.ResourceHook(`own-${when}`, ({ urn }) => {
    if (config.get("refuse") === when) throw new Error(`own hook refuses: ${when}`);
    void pulumi.log.info(`own hook: ${when} of ${urn}`);
  });

const opts: SeededDropletOptions = {
  replaceWith: [other],
  hooks: { beforeCreate: [hook("before-create")], afterCreate: [hook("after-create")] },
  ...(given.trigger === undefined
    ? {}
    : { replacementTrigger: given.secret === true ? pulumi.secret(given.trigger) : given.trigger }),
  ...(given.fixed === true ? { ignoreChanges: ["userData"] } : {}),
  ...(given.hide === true ? { hideDiffs: ["tags"] } : {}),
};
const tags = config.getObject<string[]>("tags") ?? [];

/** ID of the SeededDroplet's droplet. */
export const id: pulumi.Output<string> = new SeededDroplet(
  "web",
  { name: "web", ...args, tags, host: config.require("host") },
  opts,
).droplet.id;
