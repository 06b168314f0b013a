/** Addresses of a VM as the database has them: a JSON list, each in the one spelling that is compared. */
import { canonicalAddress } from "@bootseed/protocol";

/** What is no address stays as it is, so that `known-hosts` can name it. */
export const canonical = (addresses: readonly string[]): string[] => [
  ...new Set(addresses.map((address) => canonicalAddress(address) ?? address)),
];

/** The column of a database of version 0.2, which stored what it was told, in canonical form. @param json a list */
export const canonicalColumn = (json: unknown): string =>
  JSON.stringify(canonical(JSON.parse(String(json)) as string[]));
