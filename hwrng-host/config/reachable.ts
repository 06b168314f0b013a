import type { Config } from "./schema.ts";

/**
 * What is wrong with the addresses that VMs are told to dial, or undefined. A VM's loopback is its own, and 0.0.0.0 is where a
 * service listens: whatever is advertised there is never reached.
 */
export function unreachableAdvice({ advertise }: Pick<Config, "advertise">): string | undefined {
  const nowhere = advertise.filter((address) => /^(127\.|0\.0\.0\.0|\[::1?\]|localhost)/.test(address));
  if (nowhere.length < advertise.length) return undefined;
  return `no VM can reach ${nowhere.join(", ")}, for it that is itself: set listen.guests to 0.0.0.0:7443 and advertise to an address of this machine that VMs reach, then run init again`;
}
