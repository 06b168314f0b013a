import { chmodSync, chownSync, readFileSync } from "node:fs";
import { errnoOf } from "../host-error.ts";

/** Whose members may mint, besides the service's own user: operations make it with `groupadd bootseed-mint`. */
export const MINT_GROUP = "bootseed-mint";

/** @param groups the content of /etc/group (group(5)) @returns the group's number, or undefined where there is no such group */
export function groupNumber(groups: string, name: string): number | undefined {
  const line = groups.split("\n").find((each) => each.startsWith(`${name}:`));
  const number = Number(line?.split(":")[2]);
  return Number.isInteger(number) ? number : undefined;
}

/**
 * Gives the mint's socket to its group, and opens the folders that were made for it to that group, where there is one and
 * this user may: else they stay closed, and only the service's own user can mint.
 *
 * @param made folders, 0700 so far
 * @param groups the content of /etc/group
 */
export function giveToMintGroup(
  socket: string,
  made: readonly string[],
  groups: string = readFileSync("/etc/group", "utf8"),
): void {
  const number = groupNumber(groups, MINT_GROUP);
  if (number === undefined) return;
  try {
    chownSync(socket, process.getuid?.() ?? 0, number);
    for (const folder of made) {
      chownSync(folder, process.getuid?.() ?? 0, number);
      chmodSync(folder, 0o750);
    }
  } catch (error) {
    if (errnoOf(error) !== "EPERM") throw error; // not a member of it: the socket stays with this user alone
  }
}

/**
 * Lets members of the group read a new config, which `mint-stdio` needs and which holds no secret. Only in a root's
 * place: elsewhere the config is its maker's.
 *
 * @param groups the content of /etc/group
 */
export function letMintGroupRead(config: string, groups: string = readFileSync("/etc/group", "utf8")): void {
  const number = groupNumber(groups, MINT_GROUP);
  if (number === undefined || process.getuid?.() !== 0) return;
  chownSync(config, 0, number);
  chmodSync(config, 0o640);
}
