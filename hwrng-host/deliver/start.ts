/** Push in the running service: one clock, the scheduler, the dialer and the addresses of this machine. */
import { networkInterfaces } from "node:os";
import type { Config } from "../config/schema.ts";
import type { ReceiptKeys } from "../guests/receipt-keys.ts";
import type { HostContext } from "../host-context.ts";
import { AddressPolicy } from "./address-policy.ts";
import { dial } from "./dial.ts";
import { PushScheduler } from "./scheduler.ts";
import { PushSession } from "./session.ts";

const TICK_MS = 1000;

export type Push = {
  readonly scheduler: PushScheduler;
  readonly policy: AddressPolicy;
  readonly port: number;
  close(): Promise<void>;
};

/** Begins to dial what is due. */
export function startPush(context: HostContext, keys: ReceiptKeys, config: Config): Push {
  const { port, concurrency } = config.push;
  const policy = new AddressPolicy(config.dial.allow);
  const dialer = { port, permits: (address: string): boolean => policy.permits(address) };
  const scheduler = new PushScheduler({
    store: context.store,
    now: context.now,
    random: () => Buffer.from(context.random(4)).readUInt32BE() / 2 ** 32,
    intervalSeconds: Math.floor(config.intervalMs / 1000),
    concurrency,
    dial: async ({ seedId, address }, signal) =>
      dial(dialer, address, () => new PushSession(context, keys, seedId), signal),
    log: context.log,
  });
  const tick = (): void => {
    policy.refresh(Object.values(networkInterfaces()).flatMap((each) => each ?? []));
    scheduler.tick();
  };
  tick();
  const clock = setInterval(tick, TICK_MS);
  const close = async (): Promise<void> => {
    clearInterval(clock);
    await scheduler.close();
  };
  return { scheduler, policy, port, close };
}
