/** Seeded droplets from the stack's configuration; `main.mjs` has checked everything that can be said in one sentence. */
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet } from "../droplet/seeded-droplet.ts";
import { type DropletConfig, parseDroplets } from "./config.ts";

const config = new pulumi.Config("bootseed");
const host = config.require("host");
const sshPort = config.getNumber("sshPort") ?? 22;
const reportTimeoutSeconds = config.getNumber("reportTimeoutSeconds") ?? 180;

function readDroplets(): DropletConfig[] {
  try {
    return parseDroplets(config.getObject("droplets"));
  } catch (error) {
    throw new pulumi.RunError(error instanceof Error ? error.message : String(error));
  }
}

const seeded = readDroplets().map(({ name, image, size, region, userData, tags }) => {
  const document = { ...(userData === undefined ? {} : { userData }), ...(tags === undefined ? {} : { tags }) };
  return {
    name,
    made: new SeededDroplet(name, { name, image, size, region, host, sshPort, reportTimeoutSeconds, ...document }),
  };
});

/** All lines for one known_hosts file. */
export const knownHosts: pulumi.Output<string> = pulumi
  .all(seeded.map(({ made }) => made.knownHosts))
  .apply((k) => k.join(""));

/** One object per droplet, in the order of the configuration. */
export const droplets: Record<string, pulumi.Input<unknown>>[] = seeded.map(({ name, made }) => ({
  name,
  id: made.droplet.id,
  ipv4Address: made.droplet.ipv4Address,
  seedId: made.seedId,
  sshHostKeys: made.sshHostKeys,
  verdict: made.evidence.apply((evidence) => evidence["verdict"]),
}));
