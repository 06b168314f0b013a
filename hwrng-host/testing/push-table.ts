/** Test aid: a database of its own with enrolled VMs and an empty push table. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "../store/database.ts";
import { SqliteEnrolments } from "../store/enrolments.ts";
import { SqlitePush } from "../store/push.ts";
import { SqliteSeeds } from "../store/seeds.ts";

const NOW = 1_795_262_400;
export class PushTable implements Disposable {
  readonly #dir: string = mkdtempSync(join(tmpdir(), "bootseed-push-"));
  readonly db: Database = new Database(join(this.#dir, "host.db"));
  readonly push: SqlitePush = new SqlitePush(this.db);

  /** A VM that claimed its seed. @returns its seedId */
  enrolled(n: number): Uint8Array {
    const seedId = new Uint8Array(16);
    new DataView(seedId.buffer).setUint32(0, n);
    const what = {
      stack: "s",
      urn: `u${n}`,
      name: `vm-${n}`,
      bind: "first-claim",
      sourceClass: "physical-raw",
    } as const;
    new SqliteSeeds(this.db).commit({ ...what, seedId, committedAt: NOW });
    const who = { seedId, identityPk: new Uint8Array(32), instanceId: "1", instanceHash: new Uint8Array(32) };
    new SqliteEnrolments(this.db).claim({ ...who, certificate: new Uint8Array(165), now: NOW });
    return seedId;
  }

  [Symbol.dispose](): void {
    this.db.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
