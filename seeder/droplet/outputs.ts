/** Plain values out of Pulumi's Outputs, for hooks and transforms, which run outside of `apply`. */
import * as pulumi from "@pulumi/pulumi";

/** A value that may not be known, as in preview or of a resource that `--target` left out. */
export type Maybe<T> = { known: true; value: T; secret: boolean } | { known: false };

/** `deserializeProperties` leaves a secret in its wire form; this makes it an Output, as everywhere else. */
export const unsealed = (value: unknown): unknown =>
  pulumi.runtime.isRpcSecret(value) ? pulumi.secret<unknown>(pulumi.runtime.unwrapRpcSecret(value)) : value;

/** Waits for the plain value of a known Output; of an unknown one it would wait for ever, since `apply` is not called. */
export const plain = (value: unknown): Promise<unknown> =>
  new Promise((resolve) => {
    (pulumi.output(value) as pulumi.Output<unknown>).apply(resolve);
  });

/** As every Output has it; the SDK's types leave it out. */
type Inner = { readonly isKnown: Promise<boolean>; promise(): Promise<unknown> };

/** The plain value of a resource's own Output, undefined where it is unknown: without the Output that `apply` makes, which costs more in a large stack. */
export async function settled(output: pulumi.Output<unknown>): Promise<unknown> {
  const inner = output as unknown as Inner;
  return (await inner.isKnown) ? inner.promise() : undefined;
}

/** @param value a plain value, an Output, or a secret in its wire form */
export async function maybe(value: unknown): Promise<Maybe<unknown>> {
  // Every Output has `isKnown`; the SDK's types leave it out.
  const output = pulumi.output(unsealed(value)) as pulumi.Output<unknown> & { isKnown: Promise<boolean> };
  if (!(await output.isKnown)) return { known: false };
  return { known: true, value: await plain(output), secret: await pulumi.isSecret(output) };
}
