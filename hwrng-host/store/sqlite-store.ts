/** The embedded store: one SQLite file in the state folder. */
import { SqliteAlarms } from "./alarms.ts";
import { CommitGroup } from "./commit-group.ts";
import { Database } from "./database.ts";
import { SqliteEnrolments } from "./enrolments.ts";
import { SqliteJoins } from "./joins.ts";
import { SqliteMintClients } from "./mint-clients.ts";
import { SqlitePush } from "./push.ts";
import { SqliteReports } from "./reports.ts";
import { Revisions } from "./revisions.ts";
import { SqliteSeeds } from "./seeds.ts";
import type { Store } from "./store.ts";

/** @param file path of host.db @throws HostError as {@link Database} */
export function openSqliteStore(file: string): Store {
  const db = new Database(file);
  const group = new CommitGroup(db);
  return {
    seeds: new SqliteSeeds(db),
    enrolments: new SqliteEnrolments(db),
    alarms: new SqliteAlarms(db),
    reports: new SqliteReports(db),
    revisions: new Revisions(db),
    push: new SqlitePush(db),
    joins: new SqliteJoins(db),
    mintClients: new SqliteMintClients(db),
    enter: () => group.enter(),
    together: async (work) => group.run(work),
    snapshot: async () => db.snapshot(),
    close: () => db.close(),
  };
}
