/** The one state that lists show of a VM: where several are true, the one that ends it. Pure functions. */
import type { VmState } from "./mint.ts";

/** In the order of a VM's life. */
export const LISTED_STATES = ["committed", "provisional", "claimed", "reported", "revoked", "gone"] as const;

/** `revoked`: also a VM or a seed that an operator took out of the lists (`vm forget`). */
export type ListedState = (typeof LISTED_STATES)[number];

/** What the state depends on: of a VM of the mint API, or of a row of the host's database. */
export interface Stateful {
  readonly state: VmState;
  readonly revokedAt?: number | null | undefined;
  readonly forgottenAt?: number | null | undefined;
  readonly goneAt?: number | null | undefined;
}

const isSet = (time: number | null | undefined): boolean => time !== undefined && time !== null;

/** @example listedState({ state: "reported", revokedAt: 1_767_225_600 }) // "revoked" */
export function listedState({ state, revokedAt, forgottenAt, goneAt }: Stateful): ListedState {
  if (isSet(revokedAt) || isSet(forgottenAt)) return "revoked";
  return isSet(goneAt) ? "gone" : state;
}
