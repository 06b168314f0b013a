/** From the kernel's name of a hardware RNG (`rng_current`) to what may be claimed of it. */
import { lowerClass, type SourceClass } from "./source.ts";

/**
 * Drivers under drivers/char/hw_random and friends whose noise comes from the machine itself. None of them hands out
 * raw noise through /dev/hwrng as far as its documentation says, so none is `physical-raw` by itself.
 */
const KNOWN: readonly (readonly [RegExp, SourceClass])[] = [
  [/^virtio_rng\.\d+$/, "chained"],
  [/^(pseries|xen)/, "chained"],
  [/^tpm-rng-\d+$/, "physical-conditioned"],
  [/^chaoskey/, "physical-conditioned"],
  [/^ccp-\d+-rng$/, "physical-conditioned"],
  [/^(amd|geode|intel|via)$/, "physical-conditioned"],
  [/^(bcm2835-rng|iproc-rng200|rockchip-rng|stm32_rng|imx-rngc|cctrng|s390-trng|powernv-rng)/, "physical-conditioned"],
];

/**
 * A known device is never more than it is known to be.
 *
 * @returns what is known of it, where `declared` says more and would be ignored; null where it counts
 */
export function ignoredClass(name: string, declared?: SourceClass): SourceClass | null {
  const known = KNOWN.find(([pattern]) => pattern.test(name))?.[1];
  if (known === undefined || declared === undefined) return null;
  return lowerClass(known, declared) === declared ? null : known;
}

/**
 * @param name content of rng_current, trimmed
 * @param declared the config's `class`: it speaks for names unknown here, and may lower a known one, never raise it
 * @example classify("virtio_rng.0") // "chained": the hypervisor's generator, not noise of this machine
 */
export function classify(name: string, declared?: SourceClass): SourceClass {
  const known = KNOWN.find(([pattern]) => pattern.test(name))?.[1];
  if (known === undefined) return declared ?? "chained";
  return declared === undefined ? known : lowerClass(known, declared);
}
