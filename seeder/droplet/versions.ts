/** The versions that the mechanism rests on, and one sentence for who has older ones. */
import * as pulumi from "@pulumi/pulumi";

/** `replacementTrigger` came with 3.211: an older engine ignores it, and edits of user-data would be hidden without a word. */
const ENGINE_RANGE = ">=3.211.0";

/** The first SDK that can ask the engine for its version (3.214 has triggers and cannot ask). */
const SDK_RANGE = ">=3.217.0";

/** What is asked of the SDK; older ones do not have it. */
export interface VersionCheck {
  requirePulumiVersion?: ((range: string) => Promise<void>) | undefined;
}

/**
 * @param runtime `pulumi.runtime`
 * @param range of engine versions
 * @throws RunError, shown without a stack trace, saying what is needed and where it comes from
 */
export async function requireVersions(
  runtime: VersionCheck = pulumi.runtime,
  range: string = ENGINE_RANGE,
): Promise<void> {
  if (typeof runtime.requirePulumiVersion !== "function") {
    const needed = `bootseed needs @pulumi/pulumi ${SDK_RANGE}, and the one of this program is older`;
    throw new pulumi.RunError(`${needed}; nothing was created: npm install @pulumi/pulumi@latest`);
  }
  try {
    await runtime.requirePulumiVersion(range);
  } catch (cause) {
    const said = cause instanceof Error ? cause.message.replace(/^\d+ [A-Z_]+: /, "") : String(cause);
    const needed = `bootseed needs a Pulumi engine ${range}, since older ones hide edits of user-data`;
    throw new pulumi.RunError(
      `${needed}; nothing was created: install the current CLI, https://www.pulumi.com/docs/install/ (${said})`,
    );
  }
}
