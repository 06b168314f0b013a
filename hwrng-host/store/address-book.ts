/** Which VMs of a stack have which addresses: read once for a batch, since a scan of the stack for each droplet is quadratic. */
import { canonical } from "./addresses.ts";
import { column, type Database } from "./database.ts";

/** A VM with its addresses. */
export type Holder = {
  readonly seedId: Uint8Array;
  readonly addresses: readonly string[];
  readonly committedAt: number;
};

const keyOf = ({ seedId }: Pick<Holder, "seedId">): string => Buffer.from(seedId).toString("hex");

/** Valid within one transaction. */
export class AddressBook {
  readonly #holders = new Map<string, Holder>();
  readonly #byAddress = new Map<string, Set<string>>();

  /** @param stack whose VMs are read, without machines that joined */
  constructor(db: Database, stack: string) {
    const rows = db.all(
      "SELECT seed_id, addresses, committed_at FROM seed WHERE stack = ? AND joined = 0 AND addresses <> '[]'",
      stack,
    );
    for (const row of rows)
      this.set({
        seedId: column.blob(row, "seed_id"),
        addresses: canonical(JSON.parse(column.text(row, "addresses")) as string[]),
        committedAt: column.number(row, "committed_at"),
      });
  }

  /** @returns the VMs that have one of the addresses, without `except` */
  holders(addresses: readonly string[], except: Uint8Array): Holder[] {
    const keys = new Set(addresses.flatMap((address) => [...(this.#byAddress.get(address) ?? [])]));
    keys.delete(keyOf({ seedId: except }));
    return [...keys].flatMap((key) => this.#holders.get(key) ?? []);
  }

  /** Notes what a VM has now. */
  set(holder: Holder): void {
    const key = keyOf(holder);
    for (const address of this.#holders.get(key)?.addresses ?? []) this.#byAddress.get(address)?.delete(key);
    this.#holders.set(key, { seedId: holder.seedId, addresses: holder.addresses, committedAt: holder.committedAt });
    for (const address of holder.addresses) {
      const keys = this.#byAddress.get(address) ?? new Set();
      this.#byAddress.set(address, keys.add(key));
    }
  }
}
