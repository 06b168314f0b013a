/** What every handler gets: no globals, no clock and no randomness of their own. */
import type { Notices } from "./guests/notices.ts";
import type { Refusals } from "./guests/refusals.ts";
import type { Rbg3 } from "./drbg/rbg3.ts";
import type { HostIdentity } from "./identity/host-identity.ts";
import type { AssessedSource } from "./sources/assessed-source.ts";
import type { Store } from "./store/store.ts";

/** The part of pino's interface that is used; fields never hold secrets. */
export type Log = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type HostContext = {
  readonly identity: HostIdentity;
  readonly store: Store;
  readonly generator: Rbg3;
  readonly sources: readonly AssessedSource[];
  /** Wall clock, seconds since 1970. */
  readonly now: () => number;
  /** The system's generator: identifiers, nonces, tokens, HPKE's one-time keys, additional input; never a pool or a chunk. */
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
  readonly refusals: Refusals;
  readonly notices: Notices;
};
