/**
 * What stands for the user's own template in the droplet's `replacementTrigger`: an edit must still replace the droplet,
 * which `ignoreChanges` would hide. Two templates with the same value are the same.
 */
import * as pulumi from "@pulumi/pulumi";
import { createHash, scrypt } from "node:crypto";

/** 4 MiB and about 10 ms: enough to make guessing dear, little enough for a stack of many different templates. */
const COST = { N: 1 << 12, r: 8, p: 1 };

const hashOf = (template: string): string =>
  createHash("sha256").update(`bootseed template\n${template}`).digest("hex");

/** Templates are often the same for many droplets. */
const slow = new Map<string, Promise<string>>();

/**
 * A trigger lies in the state in clear: the engine (3.259) keeps nothing of a secret one, and edits would be hidden. A
 * plain hash of a secret template would be a quick way to check guesses. No salt of the stack's: renaming it must replace
 * nothing.
 */
function slowHashOf(template: string): Promise<string> {
  const known = slow.get(template);
  if (known !== undefined) return known;
  const made = new Promise<string>((resolve, reject) => {
    scrypt(template, "bootseed secret template", 32, COST, (error, key) =>
      error === null ? resolve(key.toString("hex")) : reject(error),
    );
  });
  slow.set(template, made);
  return made;
}

/** @param template the user's document @param secret whether it is one */
export const templateTrigger = (template: string | undefined, secret: boolean): Promise<string> =>
  secret ? slowHashOf(template ?? "") : Promise.resolve(hashOf(template ?? ""));

/** JSON that does not depend on the order in which an object's keys were written. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join(",")}}`;
}

/** The engine takes one trigger: with a trigger of the user's own, a hash of both stands for both. A change of either replaces. */
export const joinedTrigger = (ours: string, own: unknown, secret: boolean): Promise<string> =>
  own === undefined || own === null ? Promise.resolve(ours) : templateTrigger(`${ours}\n${canonical(own)}`, secret);

/** The same for a document, and a trigger of the user's own, that may not be known yet. */
export function templateTriggerOf(
  template: pulumi.Input<string | undefined>,
  own?: pulumi.Input<unknown>,
): pulumi.Input<string> {
  if ((template === undefined || typeof template === "string") && own === undefined) return hashOf(template ?? "");
  const [document, trigger] = [pulumi.output(template), pulumi.output(own)];
  return pulumi.unsecret(
    pulumi
      .all([document, pulumi.isSecret(document), trigger, pulumi.isSecret(trigger)])
      .apply(async ([text, isSecret, mine, mineIsSecret]) =>
        joinedTrigger(await templateTrigger(text, isSecret), mine, mineIsSecret),
      ),
  );
}
