/**
 * As many droplets as `bootseed:count` says: plain ones, the same under `seedStack`, or SeededDroplets (`bootseed:way`). At its end it
 * writes into the file `bootseed:took` what it took.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { writeFileSync } from "node:fs";
import { SeededDroplet, seedStack } from "../../../seeder/index.ts";

/** What the program itself took, not the engine. */
export interface Took {
  /** Greatest resident memory in KiB. */
  maxRssKiB: number;
  /** User and system. */
  cpuMs: number;
}

const config = new pulumi.Config("bootseed");
const [way, host, count] = [config.require("way"), config.get("host") ?? "", config.requireNumber("count")];
const base = {
  image: "debian-12-x64",
  region: "ams3",
  size: "s-1vcpu-1gb",
  userData: "#cloud-config\npackages: [jq]\n",
};

if (way === "seedStack") seedStack({ host });
const names = Array.from({ length: count }, (_, n) => `web-${n}`);
const make = (name: string): pulumi.Resource =>
  way === "seeded"
    ? new SeededDroplet(name, { name, ...base, host, reportTimeoutSeconds: 60 })
    : new digitalocean.Droplet(name, { name, ...base });
names.map(make);

process.on("exit", () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const took: Took = { maxRssKiB: maxRSS, cpuMs: (userCPUTime + systemCPUTime) / 1000 };
  writeFileSync(config.require("took"), JSON.stringify(took));
});
