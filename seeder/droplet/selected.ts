/** Which hosts and settings a droplet under `seedStack` has, by the program's predicate. */
import type * as pulumi from "@pulumi/pulumi";
import { unsealed } from "./outputs.ts";
import type { SeedSource } from "./seed-source.ts";
import type { SeedStackArgs } from "./seed-stack.ts";

/** @returns undefined for a droplet that is left alone */
export function selected(
  { select, ...defaults }: SeedStackArgs,
  urn: string,
  { name, type, props }: Pick<pulumi.ResourceTransformArgs, "name" | "type" | "props">,
): SeedSource | undefined {
  const shown = Object.fromEntries(Object.entries(props).map(([key, value]) => [key, unsealed(value)]));
  const answer = select?.({ name, urn, type, props: shown }) ?? true;
  if (answer === false) return undefined;
  if (answer === true) return defaults;
  // Its own hosts replace the program's, however those were named.
  const { host, hosts, minHosts, ...settings } = defaults;
  const own = answer.host !== undefined || answer.hosts !== undefined;
  return { ...settings, ...(own ? {} : defined({ host, hosts, minHosts })), ...answer };
}

const defined = (source: { [K in keyof SeedSource]?: SeedSource[K] | undefined }): SeedSource =>
  Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined));
