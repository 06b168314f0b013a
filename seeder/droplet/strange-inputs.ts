/**
 * The last look at a droplet's inputs before it is created. Transforms that run after ours may have changed what was rendered; then the seed
 * would not be in the machine, or not where cloud-init finds it.
 */
import type * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { imageRefusal } from "./images.ts";
import { maybe } from "./outputs.ts";

const AUTOSCALE = "dropletAutoscale";

/** @returns a hash, kept in place of a text that holds a seed */
export const fingerprint = (text: string): string => createHash("sha256").update(text).digest("hex");

/**
 * @param args of the hook before create: the inputs that the provider is given
 * @param rendered fingerprint of the user-data that is to be there; undefined in preview, where it is unknown
 * @returns why nothing may be created from these inputs, or undefined
 */
export async function strangeInputs(
  { name, type, newInputs = {} }: pulumi.ResourceHookArgs,
  rendered: string | undefined,
): Promise<string | undefined> {
  if (type.includes(AUTOSCALE)) return undefined; // it has reasons of its own
  const image = await maybe(newInputs["image"]);
  const refused = image.known ? imageRefusal(image.value) : undefined;
  if (refused !== undefined) return `${name}: ${refused}; nothing was created`;
  const given = await maybe(newInputs["userData"]);
  if (!given.known) return undefined; // in preview alone
  if (typeof given.value === "string" && rendered === fingerprint(given.value)) return undefined;
  const what = `${name}: a transform that runs after bootseed's changed its user-data`;
  return `${what}, so that its seed would not be in it; nothing was created: register it before the first droplet of the program`;
}
