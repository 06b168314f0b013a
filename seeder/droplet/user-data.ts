/** The user-data of a seeded droplet in preview, in `up`, and when there is no seed to put in. */
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { checkUserData, type Kit, renderUserData } from "../render/render.ts";
import type { Reserved } from "./seed-run.ts";

export interface UserDataOptions {
  kit: Kit;
  wrap: "auto" | "force" | undefined;
  maxBytes: number | undefined;
}

/**
 * Goes in where a seed should be when the host did not give one. cloud-init does not know its first line, the kit would
 * find no seed in it, and it says why it is there. An unchanged droplet ignores it; a new one is refused by the hook.
 *
 * @param reason why there is no seed
 */
export const poison = (reason: string): string =>
  `bootseed: there is no seed in this text and no machine may be made from it.\n${JSON.stringify(reason)}\n`;

/**
 * Two templates with the same hash are the same; the hash lies in the state.
 *
 * @param template the user's own document
 */
export const templateHash = (template: string | undefined): string =>
  createHash("sha256")
    .update(`bootseed template\n${template ?? ""}`)
    .digest("hex");

/** Errors of the renderer belong to the droplet and need no stack trace. */
function forDroplet<T>(resource: pulumi.Resource, name: string, render: () => T): T {
  try {
    return render();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new pulumi.ResourceError(`${name}: ${message}`, resource, true);
  }
}

/**
 * @param template the user's document; may be unknown in preview
 * @param reserve asks for the seed; never called in preview. A plain promise, because an Output would take a Uint8Array
 * apart, and a seed has no business in Outputs anyway
 * @returns a secret: unknown in preview, the whole user-data in `up`
 */
export function userDataOutput(
  resource: pulumi.Resource,
  name: string,
  template: pulumi.Output<string | undefined>,
  options: UserDataOptions,
  reserve: () => Promise<Reserved>,
): pulumi.Output<string> {
  const { kit, wrap, maxBytes } = options;
  const rendered = template.apply(async (document) => {
    if (pulumi.runtime.isDryRun()) {
      forDroplet(resource, name, () => checkUserData({ kit, wrap, maxBytes, document }));
      return pulumi.unknown as unknown as string;
    }
    const reserved = await reserve();
    if (!reserved.ok) return poison(reserved.reason);
    const { seedFile } = reserved;
    return forDroplet(resource, name, () => renderUserData({ kit, wrap, maxBytes, document, seedFile }).text);
  });
  return pulumi.secret(rendered);
}
