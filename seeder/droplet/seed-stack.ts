/**
 * `seedStack`: one line at the top of an existing program, and every droplet that it creates from then on starts with a
 * fresh seed, those inside other people's components too. URNs, inputs in the state and outputs stay as they are, so
 * that adopting changes nothing; that is also why it has no outputs of its own (`bootseed known-hosts` has the keys).
 */
import * as pulumi from "@pulumi/pulumi";
import { announced } from "./announced.ts";
import { programContext } from "./context.ts";
import { underMocks } from "./mocks.ts";
import type { SeedSource } from "./seed-source.ts";
import { registerOurs } from "./stack-transform.ts";

/** What the SDK keeps of a resource, and its types leave out. */
type Parent = { readonly __childResources?: ReadonlySet<unknown> };

/** What the predicate is told of a droplet, or of an autoscale pool. */
export interface StackDroplet {
  /** The resource's name in the program. */
  name: string;
  urn: string;
  /** `digitalocean:index/droplet:Droplet`, or the type of an autoscale pool. */
  type: string;
  /** Its arguments. One that is secret or not yet known is an Output. */
  props: Readonly<Record<string, unknown>>;
}

export interface SeedStackArgs extends SeedSource {
  /**
   * Asked about every droplet: false leaves it alone, true gives it a seed, an object gives it a seed with these
   * settings in place of the program's. Default: all. Must answer the same in every run: a droplet that is no longer
   * selected is one whose user-data was changed.
   *
   * @example
   * select: ({ name }) => !name.startsWith("legacy-")
   * @example
   * select: ({ props }) => (props["region"] === "fra1" ? { host: "unix:///run/bootseed-fra1/mint.sock" } : true)
   */
  select?: (droplet: StackDroplet) => boolean | SeedSource;
}

/**
 * Seeds the droplets of the whole program. Call it once, before the first resource.
 *
 * @throws RunError for hosts that cannot be, for none, and for a second call
 *
 * @example
 * import { seedStack } from "@bootseed/seeder";
 * seedStack({ host: "unix:///run/bootseed/mint.sock" });
 *
 * @example <caption>With the host and its token in the stack's configuration</caption>
 * import { seedStack } from "@bootseed/seeder";
 * seedStack(); // pulumi config set bootseed:host …; pulumi config set --secret bootseed:token < FILE
 */
export function seedStack(args: SeedStackArgs = {}): void {
  if (underMocks()) return;
  const context = programContext();
  if (context.stack !== undefined)
    throw new pulumi.RunError(
      "seedStack was called twice: call it once, and give droplets their own settings by select",
    );
  context.runs.declare(args); // said here, at the line that is wrong
  context.stack = args;
  const stack = pulumi.runtime.getStackResource() as (pulumi.Resource & Parent) | undefined;
  if (stack !== undefined) pulumi.runtime.registerStackTransformation(announced(context));
  // What was made before is not announced: then at once, though transforms that are registered from here on run after ours.
  // oxlint-disable-next-line no-underscore-dangle -- the SDK names it so
  if (stack === undefined || (stack.__childResources?.size ?? 0) > 0) void registerOurs(context);
}
