/** What a noise source is: a driver that opens, identifies, reads and closes. New hardware plugs in here. */
import type { SourceClass } from "@bootseed/protocol";

export type { SourceClass };

/** What may be claimed of a source's output, from most to least (docs/security.md). */
export const SOURCE_CLASSES: readonly SourceClass[] = ["physical-raw", "physical-conditioned", "chained"];

/** The more modest of two classes. */
export function lowerClass(a: SourceClass, b: SourceClass): SourceClass {
  return SOURCE_CLASSES.indexOf(a) >= SOURCE_CLASSES.indexOf(b) ? a : b;
}

/** The device behind a driver right now. */
export type SourceIdentity = {
  /** Name of the device as the kernel or the driver gives it; one device counts once, however it is reached. */
  readonly device: string;
  readonly class: SourceClass;
};

/**
 * A driver. It does no health test and no conditioning: {@link AssessedSource} does.
 * Every method throws `HostError` "source-failed" with the fix.
 */
export interface SourceDriver {
  /** Name for logs and status, unique among the configured sources. */
  readonly name: string;
  /** Declared min-entropy H in bits per sample (one byte). */
  readonly minEntropyBits: number;
  open(): Promise<void>;
  /** Which device answers now; asked before and after every block. */
  identify(): Promise<SourceIdentity>;
  /** Exactly `bytes` raw samples, or an error; never blocks the event loop. */
  read(bytes: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
