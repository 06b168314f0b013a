/** What is in a backup, after a proof that it brings a host back; nothing of it stays. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FILES } from "../identity/keys.ts";
import { readStatement } from "../identity/history.ts";
import { currentOf, isLive } from "@bootseed/protocol";
import { openSqliteStore } from "../store/sqlite-store.ts";
import type { Manifest } from "./contents.ts";
import { unpack } from "./unpack.ts";

/** Memory, where the machine has it: the keys are not written to a disk. */
const MEMORY = "/dev/shm";

export type Checked = Manifest & {
  readonly addresses: readonly string[];
  /** Whether the backup can sign statements: its root's key is not elsewhere. */
  readonly hasRootKey: boolean;
  /** VMs that are live; null: the backup has no database, and VMs come back by their certificates. */
  readonly vms: number | null;
  /** Of these, with a report. */
  readonly reported: number | null;
  readonly joinTokens: number | null;
  readonly clients: number | null;
};

/**
 * @param archive as for `unpack`
 * @throws HostError "malformed" for anything that is no backup of a whole host
 */
export async function checkBackup(archive: AsyncIterable<Uint8Array>): Promise<Checked> {
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), "bootseed-check-"));
  try {
    const { draft, manifest } = await unpack(archive, () => join(folder, "state"));
    const addresses = readStatement(join(draft, FILES.statement))?.addresses ?? [];
    const hasRootKey = existsSync(join(draft, FILES.rootKey)) || existsSync(join(draft, FILES.rootNextKey));
    return { ...manifest, addresses, hasRootKey, ...counts(join(draft, FILES.database)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function counts(database: string): Pick<Checked, "vms" | "reported" | "joinTokens" | "clients"> {
  if (!existsSync(database)) return { vms: null, reported: null, joinTokens: null, clients: null };
  const store = openSqliteStore(database);
  try {
    const live = currentOf(store.seeds.all().filter(({ forgottenAt }) => forgottenAt === null)).filter(isLive);
    const reported = live.filter(({ reportedAt }) => reportedAt !== null).length;
    const joinTokens = store.joins.all().filter(({ revokedAt }) => revokedAt === null).length;
    const clients = store.mintClients.all().filter(({ revokedAt }) => revokedAt === null).length;
    return { vms: live.length, reported, joinTokens, clients };
  } finally {
    store.close();
  }
}
