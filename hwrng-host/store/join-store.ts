/** What the store keeps of join tokens and of the machines that came with them. */
import type { SourceClass } from "@bootseed/protocol";

/** A token that lets machines join; times in seconds since 1970. */
export type NewJoinToken = {
  readonly tokenId: Uint8Array;
  /** What its machines may be called: one name, or a pattern of names with one `*`. */
  readonly names: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** How many machines may join with it. */
  readonly uses: number;
  /** `org/project/stack` of its machines. */
  readonly stack: string;
};

export type JoinTokenRow = Omit<NewJoinToken, "names"> & {
  /** For lists; of a token that version 0.3 made, all that there is. */
  readonly name: string;
  /** Null for a token that version 0.3 made: it allows no name, so no machine joins with it. */
  readonly names: string | null;
  readonly used: number;
  readonly revokedAt: number | null;
};

export type JoinInput = {
  readonly tokenId: Uint8Array;
  readonly seedId: Uint8Array;
  readonly name: string;
  readonly identityPk: Uint8Array;
  readonly instanceId: string;
  readonly instanceHash: Uint8Array;
  readonly sourceClass: SourceClass;
  /** What a new machine gets; one that asks again gets its first. */
  readonly certificate: Uint8Array;
  readonly now: number;
};

/** Why a machine may not join. */
export type JoinRefusal =
  | "token-unknown"
  | "token-revoked"
  | "token-expired"
  | "token-used"
  | "token-without-names"
  | "name-not-allowed"
  | "revoked";

export type JoinOutcome =
  | { readonly joined: true; readonly certificate: Uint8Array; readonly name: string }
  | { readonly joined: false; readonly why: JoinRefusal };

export interface JoinStore {
  add(token: NewJoinToken): void;
  all(): JoinTokenRow[];
  /** @returns false for an unknown token */
  revoke(tokenId: Uint8Array, now: number): boolean;
  /** Whether this machine joined before: then its answer was lost. */
  isKnown(seedId: Uint8Array): boolean;
  /** New machines that may still join with a token; 0 for an unknown one. */
  usesLeft(tokenId: Uint8Array): number;
  /** Why a join would be refused now, or null; spends nothing. */
  refusal(input: Pick<JoinInput, "tokenId" | "seedId" | "name" | "now">): JoinRefusal | null;
  /** Enrols a machine and takes one use of the token, or neither. */
  join(input: JoinInput): JoinOutcome;
}
