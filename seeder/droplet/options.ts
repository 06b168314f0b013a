/** Which of a `SeededDroplet`'s options belong to the component, and which to the droplet in it. */
import type * as pulumi from "@pulumi/pulumi";
import { DROPLET_TYPE } from "./types.ts";

/** Options of the droplet that the component passes on to it; on a component the engine would only warn about them. */
const PASSED_ON = ["ignoreChanges", "replaceOnChanges", "customTimeouts", "deleteBeforeReplace", "import"] as const;

/**
 * As for any component; and what belongs to the droplet is passed on to it: `ignoreChanges`, `replaceOnChanges`,
 * `customTimeouts`, `deleteBeforeReplace`, `import`, `aliases`. `ignoreChanges: ["userData"]` means what it says: edits of
 * your user-data no longer replace the droplet.
 */
export type SeededDropletOptions = pulumi.ComponentResourceOptions &
  Pick<pulumi.CustomResourceOptions, "deleteBeforeReplace" | "import">;

type Aliases = NonNullable<pulumi.ResourceOptions["aliases"]>;

/** Whether an alias is the URN of a resource that was a droplet. Under the component's name that would replace it. */
const isDropletUrn = (alias: Aliases[number]): boolean =>
  typeof alias === "string" && (alias.split("::")[2] ?? "").endsWith(DROPLET_TYPE);

const withAliases = <O extends object>(rest: O, aliases: Aliases): O =>
  aliases.length === 0 ? rest : { ...rest, aliases };

/** @returns the component's own options */
export function componentOptions(opts: SeededDropletOptions): pulumi.ComponentResourceOptions {
  const kept: Record<string, unknown> = { ...opts };
  for (const key of [...PASSED_ON, "aliases"]) delete kept[key];
  return withAliases<pulumi.ComponentResourceOptions>(
    kept,
    (opts.aliases ?? []).filter((alias) => !isDropletUrn(alias)),
  );
}

/** @returns those of the droplet. A droplet that stood on its own is found by its URN, or by `{ parent: rootStackResource }` */
export function dropletOptions(opts: SeededDropletOptions): pulumi.CustomResourceOptions {
  const passed: pulumi.CustomResourceOptions = Object.fromEntries(
    PASSED_ON.filter((key) => opts[key] !== undefined).map((key) => [key, opts[key]]),
  );
  const isOwn = (alias: Aliases[number]): boolean => typeof alias !== "string" || isDropletUrn(alias);
  return withAliases(passed, (opts.aliases ?? []).filter(isOwn));
}
