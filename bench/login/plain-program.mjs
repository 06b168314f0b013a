// The same droplets as the repository's own program makes of `bootseed:droplets`, without bootseed: the other side of the bench.
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";

/** @type {(digitalocean.DropletArgs & { name: string })[]} */
const wanted = new pulumi.Config("bootseed").requireObject("droplets");
export const addresses = wanted.map((args) => new digitalocean.Droplet(args.name, args).ipv4Address);
