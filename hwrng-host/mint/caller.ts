/** Who asks the mint, and what that one may do. */
import type { Context, MiddlewareHandler } from "hono";
import { EXIT, HostError } from "../host-error.ts";
import type { MintRole, Store } from "../store/store.ts";
import { globMatches } from "./glob.ts";

/** Somebody who was recognised. */
export type Caller = {
  /** For people and logs. */
  readonly name: string;
  /** What a reservation is bound to: it is committed by the one who reserved it. */
  readonly id: string;
  /** Whose seeds the quota counts. */
  readonly account: string;
  readonly role: MintRole;
  readonly stacks: readonly string[];
  readonly quotaPerHour: number | null;
};

/** Recognises who sent a request. @throws Unauthorized */
export type Recognise = (request: Request) => Caller | Promise<Caller>;

declare module "hono" {
  interface ContextVariableMap {
    caller: Caller;
  }
}

/** On the unix socket, the file system says who may ask. */
export const LOCAL: Caller = {
  name: "local",
  id: "local",
  account: "local",
  role: "admin",
  stacks: ["**"],
  quotaPerHour: null,
};

const HOUR = 3600;

/** Nobody we know, or no longer: 401, with the reason. */
export class Unauthorized extends HostError {
  constructor(message: string, fix: string) {
    super("forbidden", message, fix, EXIT.unavailable);
  }
}

/** 429: an operator's limit, unlike that of the sources. */
export class QuotaSpent extends HostError {
  readonly retryAfterSeconds: number;

  constructor({ name, quotaPerHour }: Caller, seconds: number) {
    const message = `client ${name} has had its ${quotaPerHour} seeds of this hour`;
    const fix = "wait, or ask the host's operator for a larger quota";
    super("rate-limited", message, fix, EXIT.unavailable);
    this.retryAfterSeconds = seconds;
  }
}

/** What each role may ask for besides `admin`, who may everything; anything not listed is refused. */
const RIGHTS: Record<Exclude<MintRole, "admin">, readonly RegExp[]> = {
  mint: [
    /^POST \/v1\/reservations$/,
    /^POST \/v1\/reservations\/[^/]+\/commit$/,
    /^POST \/v1\/created$/,
    /^POST \/v1\/present$/,
    /^POST \/v1\/absent$/,
    /^GET \/v1\/vms$/,
  ],
  read: [/^GET \/v1\/vms$/, /^GET \/v1\/status$/],
};

/** Runs before anything of a body is read. */
export function guard(recognise: Recognise): MiddlewareHandler {
  return async (c, next) => {
    const caller = await recognise(c.req.raw);
    const asked = `${c.req.method} ${c.req.path}`;
    const { name, role } = caller;
    if (role !== "admin" && !RIGHTS[role].some((right) => right.test(asked))) {
      const message = `client ${name} has the role ${role}, which may not ${asked}`;
      throw new HostError(
        "forbidden",
        message,
        "ask the host's operator for a client of another role",
        EXIT.unavailable,
      );
    }
    c.set("caller", caller);
    await next();
  };
}

export const callerOf = (c: Context): Caller => c.get("caller");

export const ownsStack = ({ stacks }: Caller, stack: string): boolean =>
  stacks.some((pattern) => globMatches(pattern, stack));

/** @throws HostError "forbidden" */
export function requireStack(caller: Caller, stack: string): void {
  if (ownsStack(caller, stack)) return;
  const message = `client ${caller.name} may not touch the stack ${stack}: it has ${caller.stacks.join(", ")}`;
  const fix = "use the token of this stack, or ask the host's operator for one";
  throw new HostError("forbidden", message, fix, EXIT.unavailable);
}

/** @throws HostError "forbidden" when somebody else made the reservation */
export function requireOwner({ id, name }: Caller, reservedBy: string): void {
  if (reservedBy === id) return;
  const message = `this seed was reserved by another client than ${name}`;
  throw new HostError("forbidden", message, "commit with the credentials that reserved it", EXIT.unavailable);
}

/**
 * A reservation costs a source's time, a commit is a seed: only commits are counted, because every run of a program
 * reserves one for each of its VMs and takes those of new ones.
 * @throws QuotaSpent
 */
export function requireQuota({ mintClients }: Store, caller: Caller, now: number): void {
  const { account, quotaPerHour } = caller;
  if (quotaPerHour === null) return;
  const spentAt = mintClients.quotaSpentAt(account, now - HOUR, quotaPerHour);
  // At most an hour, whatever a clock that was set back makes of it.
  if (spentAt !== null) throw new QuotaSpent(caller, Math.min(HOUR, Math.max(1, spentAt + HOUR - now)));
}
