import { toHex } from "@bootseed/protocol";
import { expect, it } from "vitest";
import { parseConfig } from "../config/load.ts";
import { startPush } from "../deliver/start.ts";
import { ReceiptKeys } from "../guests/receipt-keys.ts";
import { Bench } from "../testing/bench.ts";
import { freePort } from "../../tools/free-port.ts";
import { TcpGuest } from "../testing/tcp-guest.ts";
import { mintApp } from "./app.ts";
import { pushAnswerSchema, pushRoutes } from "./push.ts";

it("sets where a VM is dialled, and shows what came of it", async () => {
  await using stack = new AsyncDisposableStack();
  const host = stack.use(new Bench());
  const guest = await host.guest();
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  const port = await freePort();
  const text = `stateDir: /s\nadvertise: ["a:1"]\ndial: {allow: [127.0.0.1/32]}\npush: {port: ${port}}\n`;
  const push = startPush(host.context, new ReceiptKeys(), parseConfig(text, "host.yaml"));
  stack.defer(async () => push.close());
  const api = mintApp(host.context).route("/", pushRoutes(host.context, push));
  const seedId = toHex(guest.seedId);
  const set = async (body: unknown): Promise<[number, string]> => {
    const answer = await api.request("/v1/push", { method: "POST", body: JSON.stringify(body) });
    return [answer.status, await answer.text()];
  };

  for (const body of [{}, null, { seedId: "00", address: "a:1" }, { seedId, address: "a" }, { seedId }]) {
    expect((await set(body))[0], JSON.stringify(body)).toBe(400);
  }
  expect(await set({ seedId, address: "127.0.0.1:22" })).toEqual([403, expect.stringMatching(/push.port is \d/)]);
  expect(await set({ seedId, address: `127.0.0.2:${port}` })).toEqual([403, expect.stringMatching(/dial.allow/)]);
  expect(await set({ seedId, address: `[::1]:${port}` })).toEqual([403, expect.stringMatching(/dial.allow/)]);
  expect((await set({ seedId: "0".repeat(32), address: `127.0.0.1:${port}` }))[0]).toBe(404);

  const vm = stack.use(await TcpGuest.listen(guest, {}, { host: "127.0.0.1", port }));
  expect(await set({ seedId, address: `127.0.0.1:${port}` })).toEqual([200, expect.any(String)]);
  push.scheduler.tick();
  while (push.scheduler.counters["delivered"] !== 1) await new Promise((resolve) => setImmediate(resolve));
  expect([vm.opened, (await host.vm())?.lastTopUp?.rcReseed]).toEqual([1, 0]);
  await push.close();
  const shown = pushAnswerSchema.parse(await (await api.request("/v1/push")).json());
  const row = { seedId, name: "web-7", address: `127.0.0.1:${port}`, failures: 0, staleAt: null };
  expect(shown).toMatchObject({ port, counters: { delivered: 1 }, vms: [row] });
  expect(shown.vms[0]?.nextAt).toBeGreaterThan(host.clock.now);
  expect((await set({ seedId, address: null }))[0]).toBe(200);
  expect(pushAnswerSchema.parse(await (await api.request("/v1/push")).json()).vms).toEqual([]);
});

it("dials a stale VM again once it claims, reports or pulls, and never a revoked one", async () => {
  await using host = new Bench();
  const guest = await host.guest();
  const { push, enrolments } = host.context.store;
  const address = "198.51.100.1:7444";
  const { seedId } = guest;
  push.set(seedId, address, 0);
  // Not enrolled yet: nothing to revoke, and nothing is lost.
  expect([enrolments.revoke(seedId, host.clock.now), push.all().length]).toEqual([false, 1]);
  const showUp = {
    claim: async () => guest.enrol((await host.send("/v1/claims", guest.claim())).bytes),
    report: async () => host.send("/v1/reports", guest.report()),
    pull: async () => host.send("/v1/packets", guest.hello()),
  };
  for (const [how, show] of Object.entries(showUp)) {
    for (let i = 0; i < 3; i++) push.settle([{ seedId, address, outcome: "failed", nextAt: 0 }], host.clock.now);
    expect(push.counts(), how).toEqual({ total: 1, stale: 1 });
    await show();
    expect(push.all(), how).toMatchObject([{ staleAt: null, failures: 0, nextAt: host.clock.now }]);
  }
  for (let i = 0; i < 3; i++) push.settle([{ seedId, address, outcome: "failed", nextAt: 0 }], host.clock.now);
  const forged = guest.hello();
  await host.send("/v1/packets", forged.with(125, (forged[125] ?? 0) ^ 1));
  expect(push.counts()).toEqual({ total: 1, stale: 1 });
  enrolments.revoke(seedId, host.clock.now);
  expect(push.all()).toEqual([]);
});
