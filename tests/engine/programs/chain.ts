/** Ten droplets of which each depends on the one before; `bootseed:way` says whether they are plain ones under `seedStack` or SeededDroplets. */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet, seedStack } from "../../../seeder/index.ts";

const config = new pulumi.Config("bootseed");
const [host, way] = [config.require("host"), config.require("way")];
const args = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };

if (way === "seedStack") seedStack({ host });
let last: pulumi.Resource | undefined;
for (const name of ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]) {
  const opts = last === undefined ? {} : { dependsOn: [last] };
  last =
    way === "seedStack"
      ? new digitalocean.Droplet(name, { name, ...args }, opts)
      : new SeededDroplet(name, { name, ...args, host }, opts);
}
