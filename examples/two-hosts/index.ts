import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet } from "bootseed";

const config = new pulumi.Config();

const web = new SeededDroplet("web", {
  name: "web",
  image: "debian-12-x64",
  region: "ams3",
  size: "s-1vcpu-1gb",
  // Each has its own hardware, keys and store. The VM mixes a seed of both, and is topped up by both.
  hosts: [
    config.require("nearHost"), // unix:///run/bootseed/mint.sock
    { url: config.require("farHost"), token: config.requireSecret("farToken") }, // https://mint.example:7445#sha256=…
  ],
  // One may be away. Left out, both are needed, and a lying host cannot pass while the other is away.
  minHosts: 1,
});

export const knownHosts: pulumi.Output<string> = web.knownHosts;
export const seedId: pulumi.Output<string> = web.seedId;
