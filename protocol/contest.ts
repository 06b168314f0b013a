/** Names and addresses that several live VMs have: no key can be printed for them. Part of `GET /v1/vms`. */
import { z } from "zod";
import { canonicalAddress, hostKeyWord, nameProblem, wordProblem } from "./host-word.ts";

/** Another VM that has the name or address. What the client may not see is null. */
export interface Holder {
  /** null for a VM of a stack that the client may not see */
  readonly name: string | null;
  /** org/project/stack, empty for a machine that joined; null for a stack that the client may not see */
  readonly stack: string | null;
  /** 16 bytes, hex */
  readonly seedId: string | null;
  /** came with a join token */
  readonly joined: boolean;
  /** seconds since 1970: when it was enrolled, or its seed committed */
  readonly since: number | null;
}

/** A name or address of a VM that another live VM has, too. */
export interface Contest {
  /** in canonical form (`host-word.ts`) */
  readonly word: string;
  /** `address`: the word is an IP address */
  readonly kind: "name" | "address";
  readonly others: readonly Holder[];
}

/**
 * The words by which a machine may be looked for.
 *
 * @returns canonical words (`hostKeyWord`). What could not be written is left out: older hosts took any name and address
 */
export function wordsOf({
  name,
  addresses,
}: {
  name: string;
  addresses: readonly string[];
}): Map<string, Contest["kind"]> {
  const words = new Map<string, Contest["kind"]>();
  for (const word of addresses.filter((address) => wordProblem(address) === null)) {
    // Hosts of version 0.2 took a name in an address's place.
    words.set(hostKeyWord(word), canonicalAddress(word) === null ? "name" : "address");
  }
  if (nameProblem(name) === null) words.set(hostKeyWord(name), "name");
  return words;
}

const holderSchema: z.ZodType<Holder> = z.object({
  name: z.string().nullable(),
  stack: z.string().nullable(),
  seedId: z.string().nullable(),
  joined: z.boolean(),
  since: z.number().int().min(0).nullable(),
});

export const contestSchema: z.ZodType<Contest> = z.object({
  word: z.string(),
  kind: z.enum(["name", "address"]),
  others: z.array(holderSchema).min(1),
});
