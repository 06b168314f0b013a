import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { JoiningMachine, joinToken } from "../testing/joining.ts";
import { mintApp } from "./app.ts";
import { LOCAL } from "./caller.ts";

const STACK = "org/project/stack";

/** Names that a client with these stacks is shown. */
async function namesFor(host: Bench, stacks: readonly string[]): Promise<string[]> {
  const app = mintApp(host.context, () => ({ ...LOCAL, role: "read", stacks }));
  const { vms } = (await (await app.request("/v1/vms")).json()) as { vms: { name: string }[] };
  return vms.map(({ name }) => name).toSorted();
}

describe("a machine that joined", () => {
  it("has its token's stack, by default local/join/default, and clients of that stack see it", async () => {
    await using host = new Bench();
    await new JoiningMachine().join(host, await joinToken(host, "db-1"), "db-1");
    await new JoiningMachine().join(host, await joinToken(host, "web-1", 1, STACK), "web-1");
    const stacks = Object.fromEntries((await host.vms()).map(({ name, stack }) => [name, stack]));
    expect(stacks).toEqual({ "db-1": "local/join/default", "web-1": STACK });
    expect(await namesFor(host, ["org/**"])).toEqual(["web-1"]);
    expect(await namesFor(host, ["local/join/*"])).toEqual(["db-1"]);
    expect(await namesFor(host, ["**"])).toEqual(["db-1", "web-1"]);
    const app = mintApp(host.context, () => ({ ...LOCAL, role: "read", stacks: ["org/**"] }));
    expect(await (await app.request("/v1/status")).json()).toMatchObject({ vms: 1, behind: 1 });
  });

  it("keeps its stack when its answer was lost and it asks again", async () => {
    await using host = new Bench();
    const [machine, token] = [new JoiningMachine(), await joinToken(host, "web-1", 1, STACK)];
    await machine.join(host, token, "web-1");
    await machine.join(host, token, "web-1", false);
    expect(await host.vms()).toMatchObject([{ stack: STACK, name: "web-1" }]);
  });

  it("is no droplet of that stack: neither created, present nor absent touches it", async () => {
    await using host = new Bench();
    const machine = new JoiningMachine("4711");
    const seedId = await machine.join(host, await joinToken(host, "web-1", 1, STACK), "web-1");
    const [before] = await host.vms();
    const droplet = { urn: "urn:web", instanceId: "4711", addresses: ["192.0.2.7"] };
    expect(await host.post("/v1/created", { stack: STACK, droplets: [droplet] })).toMatchObject({
      body: { vms: [{ seedId: null }] },
    });
    expect((await host.post("/v1/created", { stack: STACK, droplets: [{ ...droplet, urn: "" }] })).status).toBe(400);
    expect(await host.post("/v1/present", { stack: STACK, instanceIds: [] })).toMatchObject({ body: { gone: [] } });
    const absent = { stack: STACK, vms: [{ seedId, urn: "urn:web" }] };
    expect(await host.post("/v1/absent", absent)).toMatchObject({ body: { gone: [] } });
    expect(await host.vms()).toEqual([before]);
  });

  it.each(["acme", "acme/web", "acme/*/prod", "a b/c/d", "", `${"x".repeat(256)}/p/s`])(
    "cannot have the stack %j",
    async (stack) => {
      await using host = new Bench();
      const { status, body } = await host.post("/v1/join-tokens", {
        name: "db-1",
        uses: 1,
        expiresInSeconds: 3600,
        stack,
      });
      expect([status, JSON.stringify(body)]).toEqual([400, expect.stringMatching(/expected a stack/)]);
      expect(host.context.store.joins.all()).toEqual([]);
    },
  );
});
