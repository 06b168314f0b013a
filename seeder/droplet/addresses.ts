/** Where a droplet can be reached. */
import { canonicalAddress } from "@bootseed/protocol";

/** Outputs of the provider's droplet that hold an address, the public one first. */
const ADDRESS_OUTPUTS = ["ipv4Address", "ipv4AddressPrivate", "ipv6Address"] as const;

type Addresses<T> = Record<(typeof ADDRESS_OUTPUTS)[number], T>;

/** These outputs alone of a droplet. */
export const addressOutputs = <T>({ ipv4Address, ipv4AddressPrivate, ipv6Address }: Addresses<T>): Addresses<T> => ({
  ipv4Address,
  ipv4AddressPrivate,
  ipv6Address,
});

/**
 * @param outputs plain outputs of a droplet
 * @param warn called with one line for each output that holds no IP address: hosts take none, so it is left out
 * @returns those of its addresses that it has, in canonical form
 */
export function addressesIn(outputs: Readonly<Record<string, unknown>>, warn: (line: string) => void): string[] {
  return ADDRESS_OUTPUTS.flatMap((key) => {
    const text = outputs[key];
    if (typeof text !== "string" || text === "") return [];
    const address = canonicalAddress(text);
    if (address === null) warn(`expected an IP address in ${key}, got ${JSON.stringify(text)}: it is left out`);
    return address ?? [];
  });
}
