/** Droplets by name, plain ones under `seedStack` or SeededDroplets (`bootseed:way`); one that was called otherwise is taken in by an alias. */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet, seedStack } from "../../../seeder/index.ts";

const config = new pulumi.Config("bootseed");
const [host, way] = [config.require("host"), config.require("way")];
const wanted = config.requireObject<{ name: string; was?: string }[]>("wanted");
if (way === "seedStack") seedStack({ host });

function make({ name, was }: { name: string; was?: string }): pulumi.Resource {
  // After some of its droplets.
  if (name === "throw") throw new Error("the program ends here");
  const args = { name: was ?? name, image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };
  const aliases = was === undefined ? [] : [{ name: was }];
  if (way === "seedStack") return new digitalocean.Droplet(name, args, { aliases });
  return new SeededDroplet(name, { ...args, host, reportTimeoutSeconds: 60 }, { aliases });
}
wanted.map((one) => make(one));
