/** What `GET /v1/vms` answers to a query: which VMs, which part of them, and what changed since. */
import { keyPair, toHex, type Vm, type VmsAnswer, vmsAnswerSchema } from "@bootseed/protocol";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { Stack } from "../testing/stack.ts";
import { mintApp } from "./app.ts";

const PROD = "acme/web/prod";
const DEV = "acme/web/dev";

async function ask(host: Bench, query: string, stacks?: string[]): Promise<VmsAnswer> {
  const caller = {
    name: "ci",
    id: "ci",
    account: "ci",
    role: "read",
    stacks: stacks ?? [],
    quotaPerHour: null,
  } as const;
  const app = stacks === undefined ? host.mint : mintApp(host.context, () => caller);
  const answer = await app.request(`/v1/vms${query}`);
  expect(answer.status).toBe(200);
  return vmsAnswerSchema.parse(await answer.json());
}
const names = ({ vms }: VmsAnswer): string[] => vms.map(({ name }) => name).toSorted();

/** web-1 and web-2 in prod, db in dev, at addresses of their own. */
async function fleet(host: Bench): Promise<{ prod: Stack; dev: Stack }> {
  const [prod, dev] = [new Stack(host, PROD), new Stack(host, DEV)];
  await prod.make("web-1", { instanceId: "1", addresses: ["192.0.2.1", "2001:db8::1"] });
  await prod.make("web-2", { instanceId: "2", addresses: ["192.0.2.2"] });
  await dev.make("db", { instanceId: "3", addresses: ["192.0.2.3"] });
  return { prod, dev };
}

describe("a query for VMs", () => {
  it.each([
    ["", ["db", "web-1", "web-2"]],
    ["?stack=acme/web/prod", ["web-1", "web-2"]],
    ["?stack=acme/*", ["db", "web-1", "web-2"]],
    ["?name=web-*&stack=*/dev", []],
    ["?name=*-2", ["web-2"]],
    ["?state=committed&state=gone", ["db", "web-1", "web-2"]],
    ["?state=gone", []],
    ["?client=local", ["db", "web-1", "web-2"]],
    ["?client=ci", []],
    ["?host=192.0.2.2", ["web-2"]],
    ["?host=2001:DB8:0::1", ["web-1"]],
    ["?host=web-1&host=3", ["db", "web-1"]],
    ["?host=DB.", ["db"]],
    ["?olderThan=1", []],
    ["?olderThan=0", ["db", "web-1", "web-2"]],
  ])("%s answers %j", async (query, expected) => {
    await using host = new Bench();
    await fleet(host);
    expect(names(await ask(host, query))).toEqual(expected);
  });

  it.each(["?stak=a", "?state=dead", "?limit=0", "?since=a&stale=yes", "?stack=a&stack=b", "?keys=yes", "?after=1"])(
    "%s is refused",
    async (query) => {
      await using host = new Bench();
      expect((await host.get(`/v1/vms${query}`)).status).toBe(400);
    },
  );

  it("sees only what the client may see, and counts only that", async () => {
    await using host = new Bench();
    await fleet(host);
    const answer = await ask(host, "?host=192.0.2.3&host=192.0.2.2", [PROD]);
    expect([names(answer), answer.total]).toEqual([["web-2"], 1]);
    expect((await ask(host, "?stack=acme/web/dev", [PROD])).total).toBe(0);
  });

  it("for an address answers all VMs that have it in stacks that the client may see, and the contest with others", async () => {
    await using host = new Bench();
    await fleet(host);
    await new Stack(host, DEV).make("thief", { instanceId: "9", addresses: ["192.0.2.1"] });
    const whole = (await ask(host, "")).vms.filter(({ addresses }) => addresses.includes("192.0.2.1"));
    expect((await ask(host, "?host=192.0.2.1")).vms).toEqual(whole);
    expect(whole.map(({ name }) => name).toSorted()).toEqual(["thief", "web-1"]);
    const limited = await ask(host, "?host=192.0.2.1", [PROD]);
    expect(limited.vms).toMatchObject([
      { name: "web-1", contested: [{ word: "192.0.2.1", others: [{ name: null, stack: null, seedId: null }] }] },
    ]);
  });

  it("answers the VM that took the place of the one that has the address", async () => {
    await using host = new Bench();
    const { prod } = await fleet(host);
    host.clock.now += 10;
    await prod.make("web-1", { instanceId: "11", addresses: ["192.0.2.11"] });
    const answer = await ask(host, "?host=2001:db8::1");
    expect(answer.vms.map(({ instanceId }) => instanceId)).toEqual(["1", "11"]);
  });

  it("leaves out the host keys where that is asked, and nothing else", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    await host.send("/v1/reports", guest.report());
    const [[whole], [brief]] = [(await ask(host, "")).vms, (await ask(host, "?keys=no")).vms];
    expect(whole?.report?.hostKeys.length).toBeGreaterThan(0);
    expect(brief).toEqual({ ...whole, report: { ...whole?.report, hostKeys: [] } });
  });

  it("answers in pages that together are the whole list", async () => {
    await using host = new Bench();
    const prod = new Stack(host, PROD);
    for (let i = 0; i < 7; i++) await prod.make(`web-${i}`);
    const whole = await ask(host, "?stack=acme/web/prod");
    const pages: string[][] = [];
    for (let next: string | null | undefined = ""; typeof next === "string";) {
      const page: VmsAnswer = await ask(host, `?stack=acme/web/prod&limit=3${next === "" ? "" : `&after=${next}`}`);
      pages.push(page.vms.map(({ seedId }) => seedId));
      next = page.next;
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(whole.vms.map(({ seedId }) => seedId));
  });

  it("is answered compressed where the client takes that", async () => {
    await using host = new Bench();
    await fleet(host);
    const packed = await host.mint.request("/v1/vms", { headers: { "accept-encoding": "gzip" } });
    expect(packed.headers.get("content-encoding")).toBe("gzip");
    const text = gunzipSync(new Uint8Array(await packed.arrayBuffer())).toString();
    expect(vmsAnswerSchema.parse(JSON.parse(text)).vms).toEqual((await ask(host, "")).vms);
  });

  it("names who had a seed minted to admins and to that client, and to no other", async () => {
    await using host = new Bench();
    await fleet(host);
    await new Stack(host, PROD, [PROD], "ci").make("web-3", { instanceId: "4" });
    await new Stack(host, PROD, [PROD], "desk").make("web-4", { instanceId: "5" });
    const clients = ({ vms }: VmsAnswer): unknown[] => vms.map(({ name, client }) => `${name} ${client}`).toSorted();
    expect(clients(await ask(host, ""))).toEqual(["db local", "web-1 local", "web-2 local", "web-3 ci", "web-4 desk"]);
    expect(clients(await ask(host, "", [PROD]))).toEqual(["web-1 null", "web-2 null", "web-3 ci", "web-4 null"]);
    expect((await ask(host, "?client=desk", [PROD])).vms).toEqual([]);
  });

  it("names which VMs are stale", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    const [{ now, intervalMs = 0 }, fresh] = [await ask(host, ""), await ask(host, "?stale=yes")];
    expect([now, intervalMs, names(fresh)]).toEqual([host.clock.now, 21_600_000, []]);
    host.clock.now += (2 * intervalMs) / 1000 + 1;
    expect(names(await ask(host, "?stale=yes"))).toEqual(["web-7"]);
  });

  it("shows a seed that was revoked before its claim only where forgotten ones are asked for", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    await host.post(`/v1/vms/${toHex(guest.seedId)}/revoke`, {});
    expect(await ask(host, "")).toMatchObject({ vms: [], total: 0, forgotten: 1 });
    expect(await ask(host, "?state=revoked&forgotten=yes")).toMatchObject({
      vms: [{ seedId: toHex(guest.seedId), forgottenAt: host.clock.now }],
      total: 1,
    });
  });
});

describe("changes since a revision", () => {
  const PATH = "?stack=acme/web/prod";
  /** What a client knows that asks for changes only; a test compares it with the whole list. */
  async function follow(host: Bench, known: Map<string, Vm>, since: string): Promise<VmsAnswer> {
    const answer = await ask(host, `${PATH}&since=${since}`);
    if (answer.partial !== true) known.clear();
    for (const vm of answer.vms) known.set(vm.seedId, vm);
    return answer;
  }

  it("are empty where nothing changed, and of another process are all", async () => {
    await using host = new Bench();
    await fleet(host);
    const { revision = "", partial } = await ask(host, PATH);
    expect(partial).toBe(false);
    expect(await ask(host, `${PATH}&since=${revision}`)).toMatchObject({ vms: [], partial: true, total: 2, revision });
    host.restart();
    const after = await ask(host, `${PATH}&since=${revision}`);
    expect([names(after), after.partial]).toEqual([["web-1", "web-2"], false]);
    expect(after.revision).not.toBe(revision);
  });

  it("of a client with other stacks are all: what it may see has changed", async () => {
    await using host = new Bench();
    await fleet(host);
    const { revision } = await ask(host, "", [DEV]);
    const wider = await ask(host, `?since=${revision}`, [DEV, PROD]);
    expect([wider.partial, wider.total]).toEqual([false, 3]);
  });

  it("have every act on a VM, and together with the total they are always the whole list", async () => {
    await using host = new Bench();
    const { prod, dev } = await fleet(host);
    const known = new Map<string, Vm>();
    let { revision = "" } = await follow(host, known, "");
    const guest = await prod.make("web-3");
    const other = await prod.make("web-4");
    const id = toHex(guest.seedId);
    const acts: [string, () => Promise<unknown>][] = [
      ["tell", () => prod.tell({ urn: "urn:web-3", instanceId: "web-3", addresses: ["192.0.2.33"] })],
      ["claim", async () => guest.enrol((await host.send("/v1/claims", guest.claim())).bytes)],
      ["report", () => host.send("/v1/reports", guest.report())],
      ["hello", () => host.send("/v1/packets", guest.hello())],
      ["contested by a VM of another stack", () => dev.make("x", { instanceId: "x", addresses: ["192.0.2.33"] })],
      ["no longer contested", () => dev.present("3")],
      ["acknowledge", () => host.post(`/v1/vms/${id}/acknowledge`, {})],
      ["moved away", () => dev.tell({ urn: "urn:web-2", instanceId: "2", addresses: ["192.0.2.2"] })],
      ["gone", () => prod.present("web-3")],
      ["revoke", () => host.post(`/v1/vms/${id}/revoke`, {})],
      ["forget", () => prod.forget(other)],
    ];
    for (const [act, run] of acts) {
      const before = JSON.stringify((await ask(host, PATH)).vms);
      await run();
      const whole = await ask(host, PATH);
      const answer = await follow(host, known, revision);
      if (known.size !== answer.total) await follow(host, known, "");
      const followed = whole.vms.map(({ seedId }) => known.get(seedId));
      expect([act, followed, known.size]).toEqual([act, whole.vms, whole.vms.length]);
      // Acknowledging without an alarm changes nothing that is shown.
      if (act !== "acknowledge") expect([act, JSON.stringify(whole.vms) === before]).toEqual([act, false]);
      revision = answer.revision ?? "";
    }
  });

  it("have a second change of host keys within one second", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    const report = async (key: number): Promise<void> => {
      guest.hostKey = keyPair("ed25519", new Uint8Array(32).fill(key));
      expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
    };
    for (const key of [1, 2]) await report(key);
    const { vms: before, revision } = await ask(host, "");
    await report(3);
    const { vms: after } = await ask(host, `?since=${revision}`);
    expect([before.length, after.length]).toEqual([1, 1]);
    expect(after[0]?.changed?.sha256).not.toBe(before[0]?.changed?.sha256);
    expect(after[0]?.changed?.at).toBe(before[0]?.changed?.at);
  });
});

describe("forgetting", () => {
  const AGE = { stack: PROD, olderThanSeconds: 3600 };

  it("ends unclaimed seeds by the host's clock, and none that was claimed", async () => {
    await using host = new Bench();
    const prod = new Stack(host, PROD);
    const claimed = await prod.make("claimed", { instanceId: "claimed" });
    await prod.make("old");
    claimed.enrol((await host.send("/v1/claims", claimed.claim())).bytes);
    host.clock.now += 3599;
    await prod.make("young");
    expect((await host.post("/v1/forget-unclaimed", AGE)).body).toEqual({ forgotten: [] });
    host.clock.now += 1;
    expect((await host.post("/v1/forget-unclaimed", AGE)).body).toMatchObject({ forgotten: [{ name: "old" }] });
    expect(names(await ask(host, ""))).toEqual(["claimed", "young"]);
  });

  it("of a stack that the host does not know is 404", async () => {
    await using host = new Bench();
    await fleet(host);
    const answer = await host.post("/v1/forget-unclaimed", { ...AGE, stack: "acme/web/prdo" });
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([404, expect.stringMatching(/no VM of the stack/)]);
  });

  it("refuses a VM that has claimed meanwhile, where the client wants that", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    const path = `/v1/vms/${toHex(guest.seedId)}/forget`;
    expect((await host.post(path, { unlessLive: true })).status).toBe(409);
    expect((await host.vms()).length).toBe(1);
    expect((await host.post(path, {})).status).toBe(200);
    expect(await host.vms()).toEqual([]);
  });
});
