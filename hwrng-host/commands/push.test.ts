import { toHex } from "@bootseed/protocol";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig } from "../config/load.ts";
import { startPush } from "../deliver/start.ts";
import { ReceiptKeys } from "../guests/receipt-keys.ts";
import { mintApp } from "../mint/app.ts";
import { pushRoutes } from "../mint/push.ts";
import { listenMint } from "../server/listen.ts";
import { Bench } from "../testing/bench.ts";
import { push } from "./push.ts";

it("lists, sets and ends what is dialled, by name or seedId", async () => {
  await using host = new Bench();
  const [one, two] = [await host.guest(), await host.guest("first-claim", "4712", "urn:db")];
  const config = join(host.dir, "host.yaml");
  const socket = join(host.dir, "mint.sock");
  writeFileSync(config, `stateDir: ${host.dir}\nadvertise: ["a:1"]\nlisten: { mint: ${socket} }\n`);
  const service = startPush(host.context, new ReceiptKeys(), loadConfig(config));
  const api = mintApp(host.context).route("/", pushRoutes(host.context, service));
  const listener = await listenMint(api.fetch, socket);
  const run = async (vm?: string, address?: string, change: { json?: boolean; off?: boolean } = {}): Promise<string> =>
    push(vm, address, { config, json: false, off: false, ...change });

  const seedId = toHex(one.seedId);
  expect(await run()).toMatch(/^no VM is dialled/);
  await expect(run("web-7", "198.51.100.7:7444")).rejects.toThrow(new RegExp(`2 VMs .*${seedId}`));
  await expect(run("db-1", "198.51.100.7:7444")).rejects.toThrow(/no VM is called db-1/);
  await expect(run(seedId)).rejects.toThrow(/an address or --off/);
  await expect(run(seedId, "198.51.100.7:7444", { off: true })).rejects.toThrow(/an address or --off/);
  await expect(run(seedId, "198.51.100.7:22")).rejects.toThrow(/port 22 is not dialled: push.port is 7444/);
  // The clock of the schedule stands: this test dials nobody.
  await service.close();
  expect(await run(seedId, "198.51.100.7:7444")).toBe("web-7 is dialled at 198.51.100.7:7444 from now on\n");
  expect(JSON.parse(await run(toHex(two.seedId), "198.51.100.8:7444", { json: true }))).toMatchObject({ schema: 1 });
  for (let i = 0; i < 3; i++) {
    const result = { seedId: one.seedId, address: "198.51.100.7:7444", outcome: "failed", nextAt: 0 } as const;
    host.context.store.push.settle([result], host.clock.now);
  }
  // Both are due in the same millisecond, so their order is that of their random seedIds.
  const listed = await run();
  expect(listed).toMatch(/198.51.100.7:7444: STALE since 2026-11-21T12:00:00Z\n/);
  expect(listed).toMatch(/198.51.100.8:7444: next 2026-11-21T12:00:00Z, 0 failures\n/);
  expect(listed).toMatch(/\nsince the start: nothing yet\n$/);
  expect(await run(seedId, undefined, { off: true })).toBe("web-7 is no longer dialled\n");
  expect(JSON.parse(await run(undefined, undefined, { json: true }))).toMatchObject({ vms: [{ failures: 0 }] });
  await listener.close();
});
