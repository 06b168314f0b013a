/** What is in a backup, after a proof that it brings a host back; nothing of it stays. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FILES, localRoot } from "../identity/keys.ts";
import { readStatement } from "../identity/history.ts";
import { currentOf, isLive } from "@bootseed/protocol";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Manifest } from "./contents.ts";
import { unpack } from "./unpack.ts";

/** Memory, where the machine has it: the keys are not written to a disk. */
const MEMORY = "/dev/shm";
const PREFIX = "bootseed-check-";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type Checked = Manifest & {
  readonly addresses: readonly string[];
  /** Whether the backup can sign statements: its root's key is not elsewhere. */
  readonly hasRootKey: boolean;
  /** VMs that are live; null: the backup has no database, and VMs come back by their certificates. */
  readonly vms: number | null;
  /** Of these, with a report. */
  readonly reported: number | null;
  /** That a machine could join with now. */
  readonly joinTokens: number | null;
  /** That could mint now. */
  readonly clients: number | null;
};

/**
 * @param archive as for `unpack`
 * @throws HostError "malformed" for anything that is no backup of a whole host
 */
export async function checkBackup(archive: AsyncIterable<Uint8Array>): Promise<Checked> {
  const place = existsSync(MEMORY) ? MEMORY : tmpdir();
  removeKilled(place);
  const folder = mkdtempSync(join(place, `${PREFIX}${process.pid}-`));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  // Node ends at once on a signal, and the folder has the host's keys.
  const ended = (_: NodeJS.Signals, number: number): never => {
    remove();
    process.exit(128 + number);
  };
  for (const signal of SIGNALS) process.on(signal, ended);
  try {
    const { draft, manifest } = await unpack(archive, () => join(folder, "state"));
    const statement = readStatement(join(draft, FILES.statement));
    const addresses = statement?.addresses ?? [];
    // A key of a root before is worth nothing.
    const hasRootKey = statement !== null && localRoot(draft, statement) !== null;
    return { ...manifest, addresses, hasRootKey, ...counts(join(draft, FILES.database)) };
  } finally {
    remove();
    for (const signal of SIGNALS) process.off(signal, ended);
  }
}

/** Folders of checks that were killed. */
function removeKilled(place: string): void {
  for (const name of readdirSync(place)) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(place, name), { recursive: true, force: true });
  }
}

function counts(database: string): Pick<Checked, "vms" | "reported" | "joinTokens" | "clients"> {
  if (!existsSync(database)) return { vms: null, reported: null, joinTokens: null, clients: null };
  const store = openSqliteStore(database);
  try {
    const live = currentOf(store.seeds.all().filter(({ forgottenAt }) => forgottenAt === null)).filter(isLive);
    const reported = live.filter(({ reportedAt }) => reportedAt !== null).length;
    const now = Date.now() / 1000;
    const opens = (one: { revokedAt: number | null; expiresAt: number | null }): boolean =>
      one.revokedAt === null && (one.expiresAt === null || one.expiresAt > now);
    const joinTokens = store.joins.all().filter((one) => opens(one) && one.used < one.uses).length;
    const clients = store.mintClients.all().filter(opens).length;
    return { vms: live.length, reported, joinTokens, clients };
  } finally {
    store.close();
  }
}
