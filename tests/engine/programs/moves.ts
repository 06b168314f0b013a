/** One droplet in the forms that it has one after the other (`bootseed:how`); each later form takes in the one before by an alias. */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet, seedStack, type SeededDropletOptions } from "../../../seeder/index.ts";

const config = new pulumi.Config("bootseed");
const [host, how] = [config.require("host"), config.require("how")];
const args = { name: "web", image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };

const seeded = (name: string, opts: SeededDropletOptions = {}): SeededDroplet =>
  new SeededDroplet(name, { ...args, host, reportTimeoutSeconds: 20 }, opts);

if (how === "plain") seedStack({ host });
const plain = how === "plain" ? new digitalocean.Droplet("web", args) : undefined;

function make(): SeededDroplet | undefined {
  const parent = pulumi.rootStackResource;
  if (how === "moved") return seeded("web", { aliases: [{ parent }] });
  if (how === "moved and renamed") return seeded("www", { aliases: [{ parent, name: "web" }] });
  if (how === "renamed") return seeded("www", { aliases: [{ name: "web" }] });
  return how === "www" ? seeded("www") : undefined;
}
const web = make();

/** Nothing for a plain droplet. */
export const knownHosts: pulumi.Output<string> | undefined = web?.knownHosts;
export const id: pulumi.Output<string> | undefined = (plain ?? web?.droplet)?.id;
