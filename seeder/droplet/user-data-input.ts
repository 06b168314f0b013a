/** One droplet's user-data as an input of its resource: where refusals are noted for the hook to throw. */
import * as pulumi from "@pulumi/pulumi";
import { BROUGHT_KEYS, bringsHostKeys } from "../render/brought-keys.ts";
import type { ProgramContext } from "./context.ts";
import { imageRefusal } from "./images.ts";
import type { Reserved } from "./seed-run.ts";
import type { SeedSource } from "./seed-source.ts";
import { fingerprint } from "./strange-inputs.ts";
import { checkedUserData, poison, seededUserData, type UserData, type UserDataOptions } from "./user-data.ts";

/** A droplet that the program declares. */
export interface DeclaredDroplet {
  urn: string;
  name: string;
  image: unknown;
  /** The user's own user-data. */
  document: string | undefined;
}

export interface UserDataInput {
  /** Unknown in preview. A secret in its plain form: wrap it. */
  value: string;
  /** False when the hook will refuse to create a droplet from it. */
  sound: boolean;
}

/**
 * Notes whose seed it is and asks for it, once however often it is called.
 *
 * @returns undefined in preview, which reserves nothing
 */
export function reserveFor(
  context: ProgramContext,
  urn: string | Promise<string>,
  source: SeedSource,
): Promise<Reserved> | undefined {
  if (context.dryRun) return undefined;
  const reserve = async (): Promise<Reserved> => {
    const [known, run] = await Promise.all([urn, context.runs.of(source)]);
    context.owners.set(known, run);
    return run.reserve(known);
  };
  return reserve();
}

/**
 * Never fails for a droplet that need not be created: what is refused is thrown by the hook, which only runs for a create.
 *
 * @param reserved from `reserveFor`
 */
export async function userDataInput(
  context: ProgramContext,
  droplet: DeclaredDroplet,
  options: UserDataOptions,
  reserved: Promise<Reserved> | undefined,
): Promise<UserDataInput> {
  const { urn, name, document } = droplet;
  if (bringsHostKeys(document)) await pulumi.log.warn(`${name}: ${BROUGHT_KEYS}`);
  const tooOld = await context.tooOld;
  const badImage = imageRefusal(droplet.image);
  const seed = await reserved;
  const made = (): UserData => {
    if (tooOld) return { ok: false, reason: "the Pulumi engine is too old" };
    if (badImage !== undefined) return { ok: false, reason: badImage };
    return seed === undefined ? checkedUserData(document, options) : seededUserData(document, options, seed);
  };
  const result = made();
  // Without a seed the run itself has the words for it, from the hosts.
  if (!result.ok && seed?.ok !== false) context.refusals.set(urn, `${name}: ${result.reason}; nothing was created`);
  if (seed === undefined) return { value: pulumi.unknown as unknown as string, sound: result.ok };
  const value = result.ok ? result.text : poison(result.reason);
  context.rendered.set(urn, fingerprint(value));
  return { value, sound: result.ok };
}
