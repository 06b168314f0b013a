/**
 * Three droplets under an engine or an SDK that is made to look too old: the SDK by taking away what it lacks, the engine
 * by asking the real one for more than it has. Everything else is as it is.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet, seedStack } from "../../../seeder/index.ts";

const config = new pulumi.Config("bootseed");
const host = config.require("host");
const base = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb" };

// `pulumi.runtime` is a module object of CommonJS, and its members are getters: define the member anew.
const ask = pulumi.runtime.requirePulumiVersion;
const value = config.require("old") === "sdk" ? undefined : () => ask(">=99.0.0");
Object.defineProperty(pulumi.runtime, "requirePulumiVersion", { value });

if (config.require("way") === "seedStack") seedStack({ host });

export const ids: pulumi.Output<string>[] = ["a", "b", "c"].map((name) =>
  config.require("way") === "seedStack"
    ? new digitalocean.Droplet(name, { name, ...base }).id
    : new SeededDroplet(name, { name, ...base, host }).droplet.id,
);
