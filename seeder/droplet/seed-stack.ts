/**
 * `seedStack`: one line at the top of an existing program, and every droplet that it creates from then on starts with a
 * fresh seed, those inside other people's components too. URNs, inputs in the state and outputs stay as they are, so
 * that adopting changes nothing; that is also why it has no outputs of its own (`bootseed known-hosts` has the keys).
 */
import * as pulumi from "@pulumi/pulumi";
import { type ProgramContext, programContext } from "./context.ts";
import { JOIN } from "./images.ts";
import { underMocks } from "./mocks.ts";
import { maybe, plain, unsealed } from "./outputs.ts";
import type { SeedSource } from "./seed-source.ts";
import { SeededDroplet } from "./seeded-droplet.ts";
import { AUTOSCALE_TYPE, DROPLET_TYPE, isInSeededDroplet } from "./types.ts";
import { inThisProgram } from "./in-program.ts";
import { alsoUserData } from "./ignore-changes.ts";
import { order, textIn, trigger } from "./stack-options.ts";
import { reserveFor, userDataInput } from "./user-data-input.ts";

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

type Transformed = pulumi.ResourceTransformResult | undefined;

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
  if (context.adopted)
    throw new pulumi.RunError(
      "seedStack was called twice: call it once, and give droplets their own settings by select",
    );
  context.adopted = true;
  context.runs.declare(args); // said here, at the line that is wrong
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  const transform = async (resource: pulumi.ResourceTransformArgs): Promise<Transformed> => {
    const { type, name, opts } = resource;
    if (type !== DROPLET_TYPE && type !== AUTOSCALE_TYPE) return undefined;
    const urn = String(await plain(pulumi.createUrn(name, type, opts.parent, project, stack)));
    if (isInSeededDroplet(urn)) return undefined;
    const source = selected(args, urn, resource);
    if (source === undefined) {
      if (type === DROPLET_TYPE) context.runs.gatherings.reserve.arrive();
      return undefined;
    }
    return type === DROPLET_TYPE ? seeded(context, source, urn, resource) : refusedPool(context, urn, resource);
  };
  const counted = !context.dryRun && pulumi.runtime.getStackResource() !== undefined;
  if (counted) pulumi.runtime.registerStackTransformation(announce(context));
  pulumi.runtime.registerResourceTransform(inThisProgram(transform));
}

/** Called in the constructors of the program's own resources, long before the engine asks about each: changes nothing, only counts. */
const announce =
  ({ runs }: ProgramContext): pulumi.ResourceTransformation =>
  ({ type, opts }) => {
    if (type === DROPLET_TYPE && !(opts.parent instanceof SeededDroplet)) runs.gatherings.reserve.expect();
    return undefined;
  };

function selected(
  { select, ...defaults }: SeedStackArgs,
  urn: string,
  { name, type, props }: pulumi.ResourceTransformArgs,
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

async function seeded(
  context: ProgramContext,
  source: SeedSource,
  urn: string,
  { name, props, opts }: pulumi.ResourceTransformArgs,
): Promise<pulumi.ResourceTransformResult> {
  const given = opts as pulumi.CustomResourceOptions;
  context.runs.declare(source);
  const reserved = reserveFor(context, urn, source);
  const [document, image] = await Promise.all([maybe(props["userData"]), maybe(props["image"])]);
  const userData = await userDataInput(
    context,
    { urn, name, image: image.known ? image.value : undefined, document: textIn(document) },
    { kit: context.kit, wrap: source.wrap, maxBytes: source.maxUserDataBytes },
    reserved,
  );
  return {
    props: { ...props, userData: pulumi.secret(userData.value) },
    opts: {
      ...given,
      ignoreChanges: alsoUserData(given),
      additionalSecretOutputs: [...(given.additionalSecretOutputs ?? []), "userData"],
      deleteBeforeReplace: order(given, props, userData.sound),
      hooks: {
        ...given.hooks,
        // Last, so that a hook of the user's that refuses costs no seed.
        beforeCreate: [...(given.hooks?.beforeCreate ?? []), context.commit],
        afterCreate: [context.created, ...(given.hooks?.afterCreate ?? [])],
      },
      ...(await trigger(given, document)),
    } as pulumi.CustomResourceOptions,
  };
}

/** One user-data for many machines would be one seed for many machines. A pool that exists is left alone. */
function refusedPool(
  context: ProgramContext,
  urn: string,
  { name, props, opts }: pulumi.ResourceTransformArgs,
): pulumi.ResourceTransformResult {
  const why = "an autoscale pool gives one user-data to many machines, and one seed must never make two";
  const leave = `or leave it alone with select: (droplet) => droplet.name !== ${JSON.stringify(name)}`;
  context.refusals.set(urn, `${name}: ${why}; nothing was created: ${JOIN}, ${leave}`);
  const beforeCreate = [...(opts.hooks?.beforeCreate ?? []), context.commit];
  return { props, opts: { ...opts, hooks: { ...opts.hooks, beforeCreate } } };
}
