/**
 * Process of its own, so that its processor time is the host's alone: the real store, generator, handlers, listener,
 * scheduler and dialer over a state folder. Asked over the channel to its parent.
 *
 * @argument folder of keys and database
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { pino } from "pino";
import { AddressPolicy } from "../../hwrng-host/deliver/address-policy.ts";
import { dial } from "../../hwrng-host/deliver/dial.ts";
import { PushScheduler } from "../../hwrng-host/deliver/scheduler.ts";
import { PushSession } from "../../hwrng-host/deliver/session.ts";
import { Rbg3 } from "../../hwrng-host/drbg/rbg3.ts";
import { guestApp } from "../../hwrng-host/guests/app.ts";
import { ReceiptKeys } from "../../hwrng-host/guests/receipt-keys.ts";
import { Notices } from "../../hwrng-host/guests/notices.ts";
import { Refusals } from "../../hwrng-host/guests/refusals.ts";
import { loadIdentity } from "../../hwrng-host/identity/host-identity.ts";
import { listenGuests } from "../../hwrng-host/server/listen.ts";
import { AssessedSource } from "../../hwrng-host/sources/assessed-source.ts";
import { buildDriver } from "../../hwrng-host/sources/build.ts";
import { openSqliteStore } from "../../hwrng-host/store/sqlite-store.ts";
import { ANNOUNCE, type Ask, DATABASE, type Told } from "./channel.ts";

const CONCURRENCY = 64;

const [dir = "", pushPort] = process.argv.slice(2);
const identity = loadIdentity(dir);
const store = openSqliteStore(join(dir, DATABASE));
// As `bootseed-host serve` logs: two lines for each delivery.
const log = pino({ base: {}, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }));
const driver = buildDriver({ driver: "system", minEntropyBits: 8 });
const sources = [
  new AssessedSource(
    driver,
    () => performance.now(),
    () => undefined,
  ),
];
const random = (bytes: number): Uint8Array => randomBytes(bytes);
const generator = new Rbg3({
  sources,
  allowChained: true,
  personalization: identity.hostId,
  systemRandom: random,
  now: () => performance.now(),
});
await sources[0]?.ensureStarted();
await generator.probe();
const now = (): number => Math.floor(Date.now() / 1000);
const reports = { log, refusals: new Refusals(log, now), notices: new Notices(log, store) };
const context = { identity, store, generator, sources, now, random, ...reports };
const keys = new ReceiptKeys();
const listener = await listenGuests(guestApp(context, keys).fetch, identity, { host: "127.0.0.1", port: 0 });
const policy = new AddressPolicy(["127.0.0.0/8"]);
const dialer = { port: Number(pushPort), permits: (address: string): boolean => policy.permits(address) };
const scheduler = new PushScheduler({
  store,
  now,
  random: Math.random,
  intervalSeconds: ANNOUNCE.intervalMs / 1000,
  concurrency: CONCURRENCY,
  dial: async ({ seedId, address }, signal) =>
    dial(dialer, address, () => new PushSession(context, keys, seedId), signal),
  log,
});

function tell(message: Told): void {
  process.send?.(message);
}

process.on("message", (ask: Ask) => {
  if (ask === "tick") scheduler.tick();
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  tell({ cpuUs: userCPUTime + systemCPUTime, pushed: scheduler.counters });
});
process.on("disconnect", () => process.exit(0));
tell({ listening: listener.address });
