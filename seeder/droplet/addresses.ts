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

/** What is no address stays as it is: `known-hosts` reports it. */
const canonical = (address: string): string => canonicalAddress(address) ?? address;

/** @param outputs plain outputs of a droplet @returns those of its addresses that it has, in canonical form */
export const addressesIn = (outputs: Readonly<Record<string, unknown>>): string[] =>
  ADDRESS_OUTPUTS.map((key) => outputs[key])
    .filter((address): address is string => typeof address === "string" && address !== "")
    .map(canonical);
