/** Which of a `SeededDroplet`'s options belong to the component, and which to the droplet in it. */
import * as pulumi from "@pulumi/pulumi";
import { DROPLET_TYPE } from "./droplet-type.ts";

/** Every option that a resource of the SDK can have. */
type AnyOption = keyof (pulumi.CustomResourceOptions & pulumi.ComponentResourceOptions);

/**
 * What becomes of each. `component`: it is the component's own; where the droplet takes part in it (`parent`, `protect`, `provider`,
 * `transforms`, …), SDK and engine hand it down. `droplet`: it says something about the machine, and the engine would ignore it on a
 * component, or take the component for what is meant. `shared`: {@link isDropletUrn} tells which alias is whose. `refused`: no seed could be
 * given.
 */
export const OPTIONS: Readonly<Record<AnyOption, "component" | "droplet" | "shared" | "refused">> = {
  parent: "component",
  dependsOn: "component",
  protect: "component",
  retainOnDelete: "component",
  deletedWith: "component",
  provider: "component",
  providers: "component",
  transformations: "component",
  transforms: "component",
  stateMigrations: "component",
  aliases: "shared",
  ignoreChanges: "droplet",
  replaceOnChanges: "droplet",
  replacementTrigger: "droplet",
  replaceWith: "droplet",
  hooks: "droplet",
  hideDiffs: "droplet",
  customTimeouts: "droplet",
  deleteBeforeReplace: "droplet",
  additionalSecretOutputs: "droplet",
  import: "droplet",
  version: "droplet",
  pluginDownloadURL: "droplet",
  id: "refused",
  urn: "refused",
  envVarMappings: "refused",
};

const PASSED_ON = (Object.keys(OPTIONS) as AnyOption[]).filter((key) => OPTIONS[key] === "droplet");

/**
 * As for any component; and what is about the machine is passed on to the droplet: `ignoreChanges`, `replaceOnChanges`, `replacementTrigger`,
 * `replaceWith`, `hooks`, `hideDiffs`, `customTimeouts`, `deleteBeforeReplace`, `additionalSecretOutputs`, `import`, `version`,
 * `pluginDownloadURL`, and those of the `aliases` that are a droplet's. `ignoreChanges: ["userData"]` means what it says: edits of your
 * user-data no longer replace the droplet.
 */
export type SeededDropletOptions = pulumi.ComponentResourceOptions &
  Pick<pulumi.CustomResourceOptions, "deleteBeforeReplace" | "import" | "additionalSecretOutputs">;

type Aliases = NonNullable<pulumi.ResourceOptions["aliases"]>;

/** Whether an alias is the URN of a resource that was a droplet. Under the component's name that would replace it. */
const isDropletUrn = (alias: Aliases[number]): boolean =>
  typeof alias === "string" && (alias.split("::")[2] ?? "").endsWith(DROPLET_TYPE);

const withAliases = <O extends object>(rest: O, aliases: Aliases): O =>
  aliases.length === 0 ? rest : { ...rest, aliases };

/** @returns the component's own options @throws RunError for an option with which the droplet could have no seed */
export function componentOptions(name: string, opts: SeededDropletOptions): pulumi.ComponentResourceOptions {
  const kept: Record<string, unknown> = { ...opts };
  for (const key of Object.keys(opts) as AnyOption[]) {
    if (OPTIONS[key] === "refused" && kept[key] !== undefined)
      throw new pulumi.RunError(
        `SeededDroplet ${name} cannot have the option ${key}: it is for a resource that is read or that is a provider; ` +
          "take in a droplet that exists by import or aliases",
      );
    if (OPTIONS[key] === "droplet" || OPTIONS[key] === "shared") delete kept[key];
  }
  return withAliases<pulumi.ComponentResourceOptions>(
    kept,
    (opts.aliases ?? []).filter((alias) => !isDropletUrn(alias)),
  );
}

/** @returns those of the droplet. A droplet that stood on its own is found by its URN, or by `{ parent: rootStackResource }` */
export function dropletOptions(opts: SeededDropletOptions): pulumi.CustomResourceOptions {
  const all: pulumi.CustomResourceOptions & pulumi.ComponentResourceOptions = opts;
  const passed: pulumi.CustomResourceOptions = Object.fromEntries(
    PASSED_ON.filter((key) => all[key] !== undefined).map((key) => [key, all[key]]),
  );
  const isOwn = (alias: Aliases[number]): boolean => typeof alias !== "string" || isDropletUrn(alias);
  return withAliases(passed, (opts.aliases ?? []).filter(isOwn));
}
