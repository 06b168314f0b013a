/**
 * As many droplets as `bootseed:count` says: plain ones, plain ones with a long user-data of their own, plain ones under `seedStack`, or
 * SeededDroplets (`bootseed:way`). At its end it writes into the file `bootseed:took` what it took.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { loadKit } from "../../../seeder/render/kit.ts";
import { TYPICAL_SEED_FILE_BYTES } from "../../../seeder/render/render.ts";
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

/** As many bytes, as secret and as hard to compress as what bootseed makes of it. */
function longText(): pulumi.Output<string> {
  const { hook, packed } = loadKit();
  const seed = createHash("shake256", { outputLength: TYPICAL_SEED_FILE_BYTES }).digest("base64");
  return pulumi.secret(`${base.userData}# ${hook.replaceAll("\n", "#")}${packed.trim()}${seed}\n`);
}
const args = way === "long" ? { ...base, userData: longText() } : base;

if (way === "seedStack") seedStack({ host });
const names = Array.from({ length: count }, (_, n) => `web-${n}`);
const make = (name: string): pulumi.Resource =>
  way === "seeded"
    ? new SeededDroplet(name, { name, ...args, host, reportTimeoutSeconds: 60 })
    : new digitalocean.Droplet(name, { name, ...args });
names.map(make);

process.on("exit", () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  const took: Took = { maxRssKiB: maxRSS, cpuMs: (userCPUTime + systemCPUTime) / 1000 };
  writeFileSync(config.require("took"), JSON.stringify(took));
});
