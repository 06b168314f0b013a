/** Options of a droplet that `seedStack` decides about: when it is replaced, and in which order. */
import * as pulumi from "@pulumi/pulumi";
import { ignoresUserData } from "./ignore-changes.ts";
import type { Maybe } from "./outputs.ts";
import { templateTrigger } from "./template-trigger.ts";

/** @returns the user's document, or undefined where it is not known or is none */
export const textIn = (document: Maybe<unknown>): string | undefined =>
  document.known && typeof document.value === "string" ? document.value : undefined;

/**
 * Edits of the user's own template must replace as ever, though `ignoreChanges` hides them. Not where the user ignores
 * them; nor where there is a trigger already, since another value in its place would replace a droplet that only was
 * adopted; nor while `import` stands there, which the engine forbids to replace.
 */
export async function trigger(
  given: pulumi.CustomResourceOptions,
  document: Maybe<unknown>,
): Promise<Pick<pulumi.CustomResourceOptions, "replacementTrigger">> {
  const imported = given.import !== undefined && given.import !== "";
  if (given.replacementTrigger !== undefined || imported || ignoresUserData(given)) return {};
  if (!document.known) return { replacementTrigger: pulumi.unknown };
  return { replacementTrigger: await templateTrigger(textIn(document), document.secret) };
}

/**
 * The new droplet first, so that a seed refused at the last moment does not cost the old one. The other way round where
 * the user wants it, and where the new one could not be made (a volume is attached once): unless it is known that the
 * new one will be refused. (A transform cannot tell `deleteBeforeReplace: false` from none.)
 */
export function order(given: pulumi.CustomResourceOptions, props: pulumi.Inputs, sound: boolean): boolean | undefined {
  if (!sound) return false;
  if (given.deleteBeforeReplace === true) return true;
  const volumes: unknown = props["volumeIds"];
  const none = volumes === undefined || volumes === null || (Array.isArray(volumes) && volumes.length === 0);
  return none ? false : undefined;
}
