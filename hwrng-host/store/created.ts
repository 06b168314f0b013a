/** Which VM a droplet that exists is: found by its stack and URN, or by its instance id where it was moved. */
import { AddressBook } from "./address-book.ts";
import { canonical } from "./addresses.ts";
import { column, type Database } from "./database.ts";
import type { Droplet } from "./store.ts";

/** A row as far as it matters here. */
type Held = {
  readonly seedId: Uint8Array;
  readonly stack: string;
  readonly urn: string;
  readonly instanceId: string | null;
  readonly addresses: readonly string[];
  readonly committedAt: number;
  /** The account that told the instance id and the addresses. */
  readonly toldBy: string;
};

/** So many seconds after its commit a seed may still belong to a create that is under way. */
export const UNDER_WAY = 900;

export type BindOptions = {
  /** Whether the caller may touch a stack: a VM is not taken from a stack that is not the caller's. */
  readonly mayTouch: (stack: string) => boolean;
  /** Whether the caller may say that a newer machine of a stack has an older one's address: a client without the role admin may only contest it. */
  readonly takesAddresses: boolean;
  /** The caller's account. */
  readonly account: string;
  readonly isAdmin: (account: string) => boolean;
  /** Whether an account may touch a stack: what it told of a droplet of another stack counts there. */
  readonly mayTell: (account: string, stack: string) => boolean;
  readonly now: number;
  /** The holders of the stack's addresses, the same for all droplets of one transaction; default: read for each droplet. */
  readonly book?: (() => AddressBook) | undefined;
};

/** What `bindDroplet` found: the seed, and where its VM was known before if that was elsewhere. */
export type Found = {
  readonly seedId: Uint8Array;
  /** The seed had no machine before. */
  readonly isNew?: true;
  readonly movedFrom?: { readonly stack: string; readonly urn: string };
};

const COLUMNS = "seed_id, stack, urn, instance_id, addresses, committed_at, COALESCE(told_by, client) AS told_by";

function heldOf(row: Record<string, unknown>): Held {
  return {
    seedId: column.blob(row, "seed_id"),
    stack: column.text(row, "stack"),
    urn: column.text(row, "urn"),
    instanceId: column.textOrNull(row, "instance_id"),
    addresses: canonical(JSON.parse(column.text(row, "addresses")) as string[]),
    committedAt: column.number(row, "committed_at"),
    toldBy: column.text(row, "told_by"),
  };
}

/**
 * In one transaction: finds the VM, gives it the instance id and the addresses, and takes both from machines that cannot have them any
 * more. Writes nothing when all is known already.
 *
 * @returns null for a droplet without a seed of this host
 */
export function bindDroplet(db: Database, stack: string, told: Droplet, options: BindOptions): Found | null {
  const { now } = options;
  const droplet = { ...told, addresses: canonical(told.addresses) };
  const { urn, instanceId } = droplet;
  const exact = db.get(
    `SELECT ${COLUMNS}, gone_at FROM seed WHERE stack = ? AND urn = ? AND instance_id = ? AND forgotten_at IS NULL
     ORDER BY committed_at DESC LIMIT 1`,
    stack,
    urn,
    instanceId,
  );
  if (exact !== null) {
    const held = heldOf(exact);
    const same = JSON.stringify(held.addresses) === JSON.stringify(droplet.addresses) && exact["gone_at"] === null;
    // Once: what an admin confirms counts for every stack.
    const confirmed = options.isAdmin(options.account) && !options.isAdmin(held.toldBy);
    if (!same || confirmed) settle(db, held, stack, droplet, options);
    return { seedId: held.seedId };
  }
  const fresh = findFresh(db, stack, urn);
  // A create that is under way, unlike one that failed and left its seed.
  const isNow = fresh !== undefined && fresh.committedAt > now - UNDER_WAY;
  const moved = isNow ? undefined : findMoved(db, stack, droplet, options);
  if (moved !== undefined) {
    settle(db, moved, stack, droplet, options);
    return { seedId: moved.seedId, movedFrom: { stack: moved.stack, urn: moved.urn } };
  }
  if (fresh === undefined) return null;
  settle(db, fresh, stack, droplet, options);
  // The machine that this URN meant before is replaced.
  db.run(
    `UPDATE seed SET gone_at = ? WHERE stack = ? AND urn = ? AND instance_id IS NOT NULL AND instance_id <> ?
       AND bind = 'instance' AND joined = 0 AND gone_at IS NULL AND committed_at <= ?`,
    now,
    stack,
    urn,
    instanceId,
    fresh.committedAt,
  );
  return { seedId: fresh.seedId, isNew: true };
}

/** The newest seed of that URN that has no machine yet. */
function findFresh(db: Database, stack: string, urn: string): Held | undefined {
  const row = db.get(
    `SELECT ${COLUMNS} FROM seed WHERE stack = ? AND urn = ? AND bind = 'instance' AND instance_id IS NULL
       AND forgotten_at IS NULL ORDER BY committed_at DESC, seed_id LIMIT 1`,
    stack,
    urn,
  );
  return row === null ? undefined : heldOf(row);
}

/**
 * A droplet that has another URN or another stack now: an alias, `state move`, `stack rename`. Its instance id must have been told by its
 * stack (what a machine says of itself is no evidence), its addresses must speak for the same machine (two clouds may use one id), and
 * the caller must be allowed to touch the stack that it had. Between two stacks, who told the id must be allowed to touch the new one, too:
 * otherwise a client could put its own VM, and with it its host keys, in the place of another stack's droplet that has no seed.
 */
function findMoved(
  db: Database,
  stack: string,
  droplet: Droplet,
  { mayTouch, mayTell }: BindOptions,
): Held | undefined {
  const all = db
    .all(
      `SELECT ${COLUMNS} FROM seed WHERE instance_id = ? AND bind = 'instance' AND joined = 0 AND forgotten_at IS NULL
       ORDER BY committed_at DESC`,
      droplet.instanceId,
    )
    .map(heldOf)
    .filter((held) => mayTouch(held.stack) && (held.stack === stack || mayTell(held.toldBy, stack)))
    .filter((held) => isSameMachine(held, droplet));
  const own = all.find((held) => held.stack === stack);
  // Several other stacks that claim one machine: one of them lies, and which is not known here.
  return own ?? (new Set(all.map((held) => held.stack)).size === 1 ? all[0] : undefined);
}

const isSameMachine = ({ addresses }: Held, droplet: Droplet): boolean =>
  addresses.length === 0 ||
  droplet.addresses.length === 0 ||
  addresses.some((address) => droplet.addresses.includes(address));

/**
 * Writes what is told of this VM. Of two machines of one stack with one address, the one whose seed was committed later
 * has it. Between two stacks no address is taken: the other's may be a lie of a client that has only that stack. Then
 * both keep it, and no key is printed for it until one is gone.
 */
function settle(db: Database, held: Held, stack: string, droplet: Droplet, options: BindOptions): void {
  const { takesAddresses, account } = options;
  const book = takesAddresses ? (options.book?.() ?? new AddressBook(db, stack)) : undefined;
  let own = [...droplet.addresses];
  for (const other of book?.holders(droplet.addresses, held.seedId) ?? []) {
    const shared = other.addresses.filter((address) => own.includes(address));
    if (other.committedAt > held.committedAt) own = own.filter((address) => !shared.includes(address));
    else if (other.committedAt < held.committedAt && shared.length > 0) {
      const left = other.addresses.filter((address) => !shared.includes(address));
      db.run("UPDATE seed SET addresses = ? WHERE seed_id = ?", JSON.stringify(left), other.seedId);
      book?.set({ ...other, addresses: left });
    }
  }
  db.run(
    "UPDATE seed SET stack = ?, urn = ?, instance_id = ?, addresses = ?, told_by = ?, gone_at = NULL WHERE seed_id = ?",
    stack,
    droplet.urn,
    droplet.instanceId,
    JSON.stringify(own),
    account,
    held.seedId,
  );
  book?.set({ ...held, addresses: own });
}
