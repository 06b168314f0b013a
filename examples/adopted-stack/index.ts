import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { seedStack } from "bootseed";

seedStack(); // the one line; everything below is as it was

const base = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };

/** Stands for a component of somebody else, which knows nothing of seeds. */
class Cluster extends pulumi.ComponentResource {
  readonly node: digitalocean.Droplet;

  constructor(name: string) {
    super("acme:index:Cluster", name);
    this.node = new digitalocean.Droplet(`${name}-node`, { ...base, name: `${name}-node` }, { parent: this });
  }
}

const web = new digitalocean.Droplet("web", {
  ...base,
  name: "web",
  userData: "#cloud-config\npackages: [nginx]\n",
});
const cluster = new Cluster("db");

export const ids: pulumi.Output<string>[] = [web.id, cluster.node.id];
