/** The versions that the mechanism rests on, and one sentence for who has older ones. */
import * as pulumi from "@pulumi/pulumi";

/** `replacementTrigger` came with 3.211: an older engine ignores it, and edits of user-data would be hidden without a word. */
const ENGINE_RANGE = ">=3.211.0";

/** The first SDK that can ask the engine for its version (3.213 has triggers and cannot ask). */
const SDK_RANGE = ">=3.217.0";

/** What is asked of the SDK; older ones do not have it. */
export interface VersionCheck {
  requirePulumiVersion?: ((range: string) => Promise<void>) | undefined;
}

/**
 * At once, before anything that an older SDK lacks is touched.
 *
 * @param runtime `pulumi.runtime`
 * @throws RunError, shown without a stack trace, saying what is needed and where it comes from
 */
export function requireSdk(runtime: VersionCheck = pulumi.runtime): void {
  if (typeof runtime.requirePulumiVersion === "function") return;
  const needed = `bootseed needs @pulumi/pulumi ${SDK_RANGE}, and the one of this program is older`;
  throw new pulumi.RunError(`${needed}; no droplet was created: npm install @pulumi/pulumi@latest`);
}

/**
 * @param runtime `pulumi.runtime`
 * @returns undefined, or what is to be said when the engine is too old
 */
export async function engineComplaint(runtime: VersionCheck = pulumi.runtime): Promise<pulumi.RunError | undefined> {
  try {
    await runtime.requirePulumiVersion?.(ENGINE_RANGE);
    return undefined;
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.replace(/^\d+ [A-Z_]+: /, "") : String(cause);
    const needed = `bootseed needs a Pulumi engine ${ENGINE_RANGE}, since older ones hide edits of user-data`;
    const advice = "no droplet was created: install the current CLI, https://www.pulumi.com/docs/install/";
    return new pulumi.RunError(`${needed}; ${advice} (${said})`);
  }
}
