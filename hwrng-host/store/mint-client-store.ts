/** Who may mint, as the host remembers it. */

export type MintRole = "mint" | "read" | "admin";

/** Somebody who may mint from elsewhere; times in seconds since 1970. */
export type NewMintClient = {
  readonly clientId: Uint8Array;
  readonly name: string;
  readonly role: MintRole;
  /** Globs over org/project/stack. */
  readonly stacks: readonly string[];
  /** Null: as many as there is entropy for. */
  readonly quotaPerHour: number | null;
  /** SHA-256 of its token; null: it comes through ssh, whose keys say who it is. */
  readonly tokenHash: Uint8Array | null;
  readonly createdAt: number;
  /** Null: until it is revoked. */
  readonly expiresAt: number | null;
};

export type MintClientRow = NewMintClient & {
  readonly revokedAt: number | null;
  /** Until when a token from before its last renewal opens, or opened; null: none. */
  readonly earlierUntil: number | null;
};

/** A new token for a client that has one; times in seconds since 1970. */
export type Renewal = {
  readonly tokenHash: Uint8Array;
  readonly expiresAt: number;
  /** How long the token before still opens, at most to its own end; `now` or earlier: all tokens before end at once. */
  readonly earlierUntil: number;
  readonly now: number;
};

export interface MintClientStore {
  /** @returns false when a client that is not revoked has this name */
  add(client: NewMintClient): boolean;
  all(): MintClientRow[];
  /**
   * Also one that expired or was revoked, so that it can be told why.
   *
   * @returns for a token from before a renewal, with that token's hash and end
   */
  byTokenHash(tokenHash: Uint8Array): MintClientRow | null;
  /** The one of this name that is not revoked. */
  byName(name: string): MintClientRow | null;
  /**
   * Gives a client another token; its id, role, stacks, quota and seeds stay.
   *
   * @returns null when no client of this name that is not revoked has a token
   */
  renew(name: string, renewal: Renewal): MintClientRow | null;
  /** @returns the one of this name that was not revoked before, or null */
  revoke(name: string, now: number): MintClientRow | null;
  /** Seeds that this account committed since `since`. */
  seedsSince(account: string, since: number): number;
  /** When the `quota`-th newest of its seeds after `since` was committed; null: there are fewer. */
  quotaSpentAt(account: string, since: number, quota: number): number | null;
}
