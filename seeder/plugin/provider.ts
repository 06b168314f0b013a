/**
 * Makes `SeededDroplet` for programs in other languages. The schema is fixed when the package is built: the SDK's own
 * `componentProviderHost` would compile TypeScript in every preview and every `up`, and would need a compiler installed.
 */
import type * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import manifest from "../package.json" with { type: "json" };
import { SeededDroplet, type SeededDropletArgs } from "../index.ts";
import type * as remote from "./component.ts";
import schema from "./schema.json" with { type: "json" };

/** The state of the component as the schema names it. */
type Outputs = Omit<remote.SeededDroplet, keyof pulumi.ComponentResource>;

/** A new argument of the droplet has to be named in component.ts too, or on purpose here. */
type LeftOut = Exclude<keyof digitalocean.DropletArgs, keyof remote.SeededDropletArgs | "privateNetworking">;
const nothingLeftOut: LeftOut extends never ? true : LeftOut = true;
void nothingLeftOut;

/** @throws InputPropertyError, which the engine shows at the resource */
function refuse(propertyPath: string, reason: string): never {
  throw new pulumi.InputPropertyError({ propertyPath, reason });
}

/** One token opens one host: whoever is shown the token of another host could mint there. */
function hostsWith(hosts: readonly string[] | undefined, token: pulumi.Input<string>): SeededDropletArgs["hosts"] {
  const https = (hosts ?? []).filter((host) => host.startsWith("https://"));
  if (https.length !== 1) {
    const elsewhere = "pulumi config set --secret bootseed:token, or bootseed:hosts with a token for each";
    // Said of hosts: the engine prints the value of the property that is wrong.
    return refuse("hosts", `expected one https:// host to open with the token, got ${https.length}: ${elsewhere}`);
  }
  return (hosts ?? []).map((host) => (host === https[0] ? { url: host, token } : host));
}

/** What is no Output must be plain: the schema says so, and a YAML program may not have been checked. */
function checkPlain({ hosts, wrap }: remote.SeededDropletArgs): "auto" | "force" | undefined {
  if (hosts !== undefined && (!Array.isArray(hosts) || hosts.some((host) => typeof host !== "string")))
    refuse("hosts", "expected plain strings, known before anything is created");
  if (wrap === undefined || wrap === "auto" || wrap === "force") return wrap;
  return refuse("wrap", `expected "auto" or "force", got ${JSON.stringify(wrap)}`);
}

/** @returns the same for the component of this package */
export function ownArgs(args: remote.SeededDropletArgs): SeededDropletArgs {
  const { hosts, token, wrap: _, ...rest } = args;
  const wrap = checkPlain(args);
  const from = token === undefined ? hosts : hostsWith(hosts, token);
  return { ...rest, ...(from === undefined ? {} : { hosts: from }), ...(wrap === undefined ? {} : { wrap }) };
}

function outputsOf({ droplet, evidence, ...made }: SeededDroplet): Outputs {
  const { knownHosts, sshHostKeys, seedId, alarms } = made;
  return {
    knownHosts,
    sshHostKeys,
    seedId,
    alarms,
    verdict: evidence.apply(({ verdict }) => String(verdict)),
    evidenceJson: evidence.apply((value) => JSON.stringify(value)),
    dropletId: droplet.id,
    dropletUrn: droplet.urn,
    ipv4Address: droplet.ipv4Address,
    ipv4AddressPrivate: droplet.ipv4AddressPrivate,
    ipv6Address: droplet.ipv6Address,
  };
}

/** The one component of the package. */
export const provider: pulumi.provider.Provider = {
  version: manifest.version,
  schema: JSON.stringify({ ...schema, version: manifest.version }),
  construct(name, type, inputs, options) {
    const [token] = Object.keys(schema.resources);
    if (type !== token) return Promise.reject(new Error(`bootseed has no resource ${type}: expected ${token}`));
    const made = new SeededDroplet(name, ownArgs(inputs as remote.SeededDropletArgs), options);
    return Promise.resolve({ urn: made.urn, state: { ...outputsOf(made) } });
  },
};
