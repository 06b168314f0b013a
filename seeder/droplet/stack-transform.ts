/**
 * Our stack transform: it renders the user-data of every droplet that gets a seed. The engine runs a resource's own transforms first, then its
 * parents', then the stack's in the order of their registration: ours is registered with the first droplet, so that it is the last one and
 * sees what every rule of the user's made of the droplet.
 */
import * as pulumi from "@pulumi/pulumi";
import { setImmediate } from "node:timers/promises";
import type { InsideDroplet, ProgramContext } from "./context.ts";
import { alsoUserData } from "./ignore-changes.ts";
import { JOIN } from "./images.ts";
import { inThisProgram } from "./in-program.ts";
import { maybe, type Maybe, plain } from "./outputs.ts";
import type { SeedSource } from "./seed-source.ts";
import { selected } from "./selected.ts";
import { order, textIn, trigger } from "./stack-options.ts";
import { joinedTrigger, templateTrigger } from "./template-trigger.ts";
import { hasRemoteComponent } from "./resource-tree.ts";
import { DROPLET_TYPE } from "./droplet-type.ts";
import { AUTOSCALE_TYPE, isInSeededDroplet } from "./types.ts";
import { reserveFor, type UserDataInput, userDataInput } from "./user-data-input.ts";

type Transformed = pulumi.ResourceTransformResult | undefined;

/**
 * Registers it, once per program, after all that were registered before. They must be at the engine first: of several that are under way it takes any
 * first (3.259: mostly the one that was sent last).
 *
 * @returns resolved when the engine has it: droplets must not be registered before
 */
export function registerOurs(context: ProgramContext): Promise<void> {
  if (context.last === undefined) context.blind = hasRemoteComponent();
  const register = async (): Promise<void> => {
    // What the program registers in one go, also below its first droplet, is under way then.
    await setImmediate();
    await pulumi.runtime.awaitStackRegistrations();
    pulumi.runtime.registerResourceTransform(inThisProgram(transformOf(context)));
    await pulumi.runtime.awaitStackRegistrations();
  };
  context.last ??= register();
  return context.last;
}

/**
 * @param dependsOn of a resource's options
 * @param gate resolved when the resource may be registered
 */
export const after = (
  gate: Promise<unknown>,
  dependsOn: pulumi.ResourceOptions["dependsOn"],
): NonNullable<pulumi.ResourceOptions["dependsOn"]> => gate.then(() => dependsOn ?? []) as Promise<pulumi.Resource[]>;

function transformOf(context: ProgramContext): (resource: pulumi.ResourceTransformArgs) => Promise<Transformed> {
  const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
  return async (resource) => {
    const { type, name, opts } = resource;
    if (type !== DROPLET_TYPE && type !== AUTOSCALE_TYPE) return undefined;
    const urn = String(await plain(pulumi.createUrn(name, type, opts.parent, project, stack)));
    if (type === DROPLET_TYPE) context.seen.add(urn);
    const inside = context.inside.get(urn);
    if (inside !== undefined) return seededInside(context, inside, urn, resource);
    if (context.stack === undefined || isInSeededDroplet(urn)) return undefined;
    const source = selected(context.stack, urn, resource);
    if (source === undefined) return undefined;
    return type === DROPLET_TYPE ? seeded(context, source, urn, resource) : refusedPool(context, urn, resource);
  };
}

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
      ...secretAndFixed(given),
      deleteBeforeReplace: order(given, props, userData.sound),
      hooks: {
        ...withCommit(context, given.hooks),
        afterCreate: [context.created, ...(given.hooks?.afterCreate ?? [])],
      },
      ...(await trigger(given, document)),
    } as pulumi.CustomResourceOptions,
  };
}

/** The user-data as a machine's own, which it keeps. */
const secretAndFixed = (given: pulumi.CustomResourceOptions): pulumi.CustomResourceOptions => ({
  ignoreChanges: alsoUserData(given),
  additionalSecretOutputs: [...new Set([...(given.additionalSecretOutputs ?? []), "userData"])],
});

/** Last, so that a hook of the user's that refuses costs no seed. */
const withCommit = (
  { commit }: ProgramContext,
  hooks: pulumi.ResourceHookBinding | undefined,
): pulumi.ResourceHookBinding => ({
  ...hooks,
  beforeCreate: [...(hooks?.beforeCreate ?? []).filter((hook) => !isOurs(hook, commit)), commit],
});

/** In a transform a hook is a stand-in that has its name alone. */
const isOurs = (hook: unknown, { name }: pulumi.ResourceHook): boolean => (hook as { name?: string }).name === name;

/** The droplet of a SeededDroplet of this program: its constructor gave it its options, a rule of the user's may have changed them. */
async function seededInside(
  context: ProgramContext,
  inside: InsideDroplet,
  urn: string,
  { name, props, opts }: pulumi.ResourceTransformArgs,
): Promise<pulumi.ResourceTransformResult> {
  const given = opts as pulumi.CustomResourceOptions;
  const [document, image, written] = await Promise.all(
    [props["userData"], props["image"], inside.document].map((value) => maybe(value)),
  );
  const userData: UserDataInput = await userDataInput(
    context,
    { urn, name, image: image?.known ? image.value : undefined, document: textIn(document ?? { known: false }) },
    inside.options,
    reserveFor(context, urn, inside.source),
  );
  const made = { ...props, userData: pulumi.secret(userData.value) };
  const edited = !isSame(document, written);
  const whole =
    (given.hooks?.beforeCreate ?? []).some((hook) => isOurs(hook, context.commit)) &&
    (given.ignoreChanges ?? []).includes("userData");
  // Without options in the answer the SDK (3.270) passes them on as they are; with them it would lose `hideDiffs`.
  if (!edited && whole) return { props: made, opts: undefined as unknown as pulumi.ResourceOptions };
  return {
    props: made,
    opts: {
      ...given,
      ...secretAndFixed(given),
      hooks: withCommit(context, given.hooks),
      ...(inside.fixed || !edited ? {} : await editedTrigger(given, document)),
    },
  };
}

const isSame = (one: Maybe<unknown> | undefined, other: Maybe<unknown> | undefined): boolean =>
  one?.known === true && other?.known === true
    ? (one.value ?? "") === (other.value ?? "")
    : one?.known === other?.known;

/** A document that a rule of the user's wrote: an edit of it replaces, as one of the droplet's own does. */
async function editedTrigger(
  given: pulumi.CustomResourceOptions,
  document: Maybe<unknown> | undefined,
): Promise<pulumi.CustomResourceOptions> {
  const own = await maybe(given.replacementTrigger);
  if (document?.known !== true || !own.known) return { replacementTrigger: pulumi.unknown };
  const ours = await templateTrigger(textIn(document), document.secret);
  return { replacementTrigger: await joinedTrigger(ours, own.value, own.secret) };
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
  return { props, opts: { ...opts, hooks: withCommit(context, opts.hooks) } };
}
