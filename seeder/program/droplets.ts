/** Seeded droplets from the stack's configuration; `main.mjs` has checked everything that can be said in one sentence. */
import * as pulumi from "@pulumi/pulumi";
import { SeededDroplet } from "../droplet/seeded-droplet.ts";
import { programHosts, programSurroundings } from "../droplet/program-hosts.ts";
import { type DropletConfig, parseDroplets } from "./config.ts";

const config = new pulumi.Config("bootseed");
const sshPort = config.getNumber("sshPort") ?? 22;
const reportTimeoutSeconds = config.getNumber("reportTimeoutSeconds") ?? 180;

/** A RunError is shown without a stack trace. */
function configured<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new pulumi.RunError(error instanceof Error ? error.message : String(error));
  }
}

configured(() => programHosts({}, programSurroundings())); // said once, and not per droplet
const wanted: DropletConfig[] = configured(() => parseDroplets(config.getObject("droplets")));

const seeded = wanted.map(({ name, image, size, region, userData, tags }) => {
  const document = { ...(userData === undefined ? {} : { userData }), ...(tags === undefined ? {} : { tags }) };
  return {
    name,
    made: new SeededDroplet(name, {
      name,
      image,
      size,
      region,
      sshPort,
      reportTimeoutSeconds,
      ...document,
    }),
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
