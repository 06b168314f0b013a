/** A program that had a plain droplet and moves it into a SeededDroplet; with a template that preview cannot know. */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet } from "../../../seeder/index.ts";

const config = new pulumi.Config("bootseed");
const plain = { name: "web", image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };
const options = { aliases: [{ parent: pulumi.rootStackResource }] };
const adopted = (): SeededDroplet =>
  new SeededDroplet("web", { ...plain, host: config.require("host"), reportTimeoutSeconds: 1 }, options);
const web = config.get("seeded") === "yes" ? adopted() : new digitalocean.Droplet("web", plain);
const first = web instanceof SeededDroplet ? web.droplet : web;

/** Its user-data holds the first droplet's address: unknown until that one is there. */
export const second: pulumi.Output<string> | undefined =
  config.get("second") === "yes"
    ? new SeededDroplet("second", {
        ...plain,
        name: "second",
        host: config.require("host"),
        userData: pulumi.interpolate`#cloud-config\n# first: ${first.ipv4Address}\n`,
      }).seedId
    : undefined;

export const verdict: pulumi.Output<unknown> | undefined =
  web instanceof SeededDroplet ? web.evidence.apply((evidence) => evidence["verdict"]) : undefined;
