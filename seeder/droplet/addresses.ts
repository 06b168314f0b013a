/** Where a droplet can be reached. */

/** Outputs of the provider's droplet that hold an address, the public one first. */
const ADDRESS_OUTPUTS = ["ipv4Address", "ipv4AddressPrivate", "ipv6Address"] as const;

type Addresses<T> = Record<(typeof ADDRESS_OUTPUTS)[number], T>;

/** These outputs alone of a droplet. */
export const addressOutputs = <T>({ ipv4Address, ipv4AddressPrivate, ipv6Address }: Addresses<T>): Addresses<T> => ({
  ipv4Address,
  ipv4AddressPrivate,
  ipv6Address,
});

/** @param outputs plain outputs of a droplet @returns those of its addresses that it has */
export const addressesIn = (outputs: Readonly<Record<string, unknown>>): string[] =>
  ADDRESS_OUTPUTS.map((key) => outputs[key]).filter(
    (address): address is string => typeof address === "string" && address !== "",
  );
