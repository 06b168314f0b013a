/** Test aid, run as a process and killed: takes counters as fast as it can and prints each one that is durable. */
import { openSqliteStore } from "../sqlite-store.ts";

const [file = "", round = "0"] = process.argv.slice(2);
const store = openSqliteStore(file);
const seedId = new Uint8Array(16).fill(1);
// Every send a year after the last: the quota is not what is tested here.
let now = 2_000_000_000 + Number(round) * 1_000_000_000_000;
for (let i = 0; i < 10_000; i++) {
  now += 31_536_000;
  const pkeHash = new Uint8Array(32);
  new DataView(pkeHash.buffer).setFloat64(0, now);
  const outcome = store.enrolments.recordSend({ seedId, pkeHash, lastCounter: 0, now });
  if (!outcome.sent) throw new Error(outcome.why);
  process.stdout.write(`${outcome.counter}\n`);
}
