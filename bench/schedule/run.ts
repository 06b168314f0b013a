/** The real scheduler and store under a clock that is moved by hand; every VM that is dialled takes its packet at once. */
import { PushScheduler } from "../../hwrng-host/deliver/scheduler.ts";
import { openSqliteStore } from "../../hwrng-host/store/sqlite-store.ts";

export const INTERVAL_SECONDS = 21_600;
const CONCURRENCY = 64;

export type ScheduleResult = {
  readonly delivered: number;
  /** of this process, for the seconds alone */
  readonly cpuUs: number;
  /** of this process, at most */
  readonly maxRssKib: number;
};

/** @param start first second, as in the database @param seconds how long the simulated time is */
export async function runSchedule(file: string, start: number, seconds: number): Promise<ScheduleResult> {
  const store = openSqliteStore(file);
  let now = start;
  let delivered = 0;
  const scheduler = new PushScheduler({
    store,
    now: () => now,
    random: () => Math.random(),
    intervalSeconds: INTERVAL_SECONDS,
    concurrency: CONCURRENCY,
    dial: async () => {
      delivered++;
      return Promise.resolve({ outcome: "delivered", code: "receipt", reason: "receipt came" });
    },
    log: { info: () => undefined, warn: fail, error: fail },
  });
  const before = process.resourceUsage();
  for (; now < start + seconds; now++) {
    scheduler.tick();
    await quiet(() => delivered);
  }
  const after = process.resourceUsage();
  await scheduler.close();
  store.close();
  const cpuUs = after.userCPUTime + after.systemCPUTime - before.userCPUTime - before.systemCPUTime;
  return { delivered, cpuUs, maxRssKib: after.maxRSS };
}

/** Lets the event loop turn until nothing more is delivered at this second. */
async function quiet(progress: () => number): Promise<void> {
  for (let still = 0, seen = -1; still < 4; still++) {
    await new Promise((resolve) => void setImmediate(resolve));
    if (progress() !== seen) still = 0;
    seen = progress();
  }
}

function fail(_: object, message: string): void {
  throw new Error(message);
}
