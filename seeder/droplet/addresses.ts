/** Where a droplet can be reached. */

/** Outputs of the provider's droplet that hold an address, the public one first. */
const ADDRESS_OUTPUTS = ["ipv4Address", "ipv4AddressPrivate", "ipv6Address"] as const;

/** @param outputs plain outputs of a droplet @returns those of its addresses that it has */
export const addressesIn = (outputs: Readonly<Record<string, unknown>>): string[] =>
  ADDRESS_OUTPUTS.map((key) => outputs[key]).filter(
    (address): address is string => typeof address === "string" && address !== "",
  );
