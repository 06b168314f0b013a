/** What the accounts may that committed seeds and told of droplets. */
import { toHex } from "@bootseed/protocol";
import type { BindOptions } from "../store/created.ts";
import type { MintClientRow } from "../store/store.ts";
import type { Caller } from "./caller.ts";
import { adminAccounts } from "./contests.ts";
import { globMatches } from "./glob.ts";

/**
 * @param clients all of the host, those that are revoked included: what they told stays
 * @param caller whose stacks are known; those of another CI job are not
 */
export function accountsOf(
  clients: readonly MintClientRow[],
  caller: Caller,
): Pick<BindOptions, "isAdmin" | "mayTell"> {
  const admins = adminAccounts(clients);
  const isAdmin = (account: string): boolean => admins.has(account);
  const stacks = new Map([
    ...clients.map((client) => [`client:${toHex(client.clientId)}`, client.stacks] as const),
    [caller.account, caller.stacks] as const,
  ]);
  const mayTell = (account: string, stack: string): boolean =>
    isAdmin(account) || (stacks.get(account) ?? []).some((pattern) => globMatches(pattern, stack));
  return { isAdmin, mayTell };
}
