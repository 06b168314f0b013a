import { ed25519SshKey, toHex, type Vm, vmsAnswerSchema } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { knownHosts } from "../../seeder/cli/known-hosts.ts";
import { Bench } from "../testing/bench.ts";
import type { TestGuest } from "../testing/guest.ts";
import { JoiningMachine, joinToken } from "../testing/joining.ts";
import { mintApp } from "./app.ts";
import { LOCAL } from "./caller.ts";

const STACK = "org/project/stack";

/** A seeded VM of a stack that has claimed and reported. */
async function seeded(host: Bench, instanceId = "4711", urn = "urn:web"): Promise<TestGuest> {
  const guest = await host.guest("instance", instanceId, urn);
  await host.created(guest);
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
  return guest;
}

const asked = async (host: Bench, ...names: string[]): Promise<ReturnType<typeof knownHosts>> =>
  knownHosts(await host.vms(), names, 22);
const keyOf = ({ hostKey }: { hostKey: { publicKey: Uint8Array } }): string =>
  Buffer.from(ed25519SshKey(hostKey.publicKey)).toString("base64");
const withSeed = async (host: Bench, seedId: string | null): Promise<Vm | undefined> =>
  (await host.vms()).find((vm) => vm.seedId === seedId);

describe("a name that two machines have", () => {
  it("a second identity that joins under a joined machine's name: no key is printed, both are named, until one is revoked", async () => {
    await using host = new Bench();
    const token = await joinToken(host, "db-*", 5);
    const [first, second] = [new JoiningMachine(), new JoiningMachine()];
    const one = await first.join(host, token, "db-1");
    expect((await asked(host, "db-1")).lines).toContain(keyOf(first));
    const two = await second.join(host, token, "db-1");
    for (const wanted of [["db-1"], ["DB-1."], ["[db-1]:2222"], []]) {
      const { lines, remarks, withheld } = await asked(host, ...wanted);
      expect([lines, withheld]).toEqual(["", true]);
      for (const seedId of [one, two]) expect(remarks.join()).toContain(`seed ${seedId}`);
      expect(remarks.join()).toMatch(/db-1 is contested by db-1 \(joined 2026-.*bootseed-host revoke/);
    }
    expect((await host.post(`/v1/vms/${two}/revoke`, {})).status).toBe(200);
    for (const wanted of [["db-1"], []]) {
      const { lines, withheld } = await asked(host, ...wanted);
      expect([lines, withheld]).toEqual([`db-1 ssh-ed25519 ${keyOf(first)}\n`, undefined]);
    }
  });

  it("a join under a seeded VM's name leaves that VM's row as it was, and its addresses printed", async () => {
    await using host = new Bench();
    const guest = await seeded(host);
    const seedId = toHex(guest.seedId);
    const { contested: before, ...row } = (await withSeed(host, seedId)) ?? {};
    expect(before).toEqual([]);
    const thief = new JoiningMachine(guest.instanceId);
    const joined = await thief.join(host, await joinToken(host, "web-7"), "web-7");
    const { contested, ...after } = (await withSeed(host, seedId)) ?? {};
    expect(after).toEqual(row);
    expect(contested).toMatchObject([{ word: "web-7", kind: "name", others: [{ seedId: joined, joined: true }] }]);
    expect(await asked(host, "web-7")).toMatchObject({ lines: "", withheld: true });
    expect(await asked(host, "192.0.2.7")).toMatchObject({
      withheld: undefined,
      lines: `192.0.2.7 ssh-ed25519 ${keyOf(guest)}\n`,
    });
    expect(await asked(host)).toMatchObject({ withheld: true, lines: `192.0.2.7 ssh-ed25519 ${keyOf(guest)}\n` });
    // The instance-id that a machine says it has is not the one that the stack told.
    expect((await asked(host, guest.instanceId)).lines).toContain(keyOf(guest));
    expect(await host.created(guest)).toMatchObject({ vms: [{ seedId, state: "reported" }] });
  });

  it("the same identity that joins again with another token is one machine", async () => {
    await using host = new Bench();
    const machine = new JoiningMachine();
    await machine.join(host, await joinToken(host, "db-1"), "db-1");
    await machine.join(host, await joinToken(host, "db-1"), "db-1");
    expect(await host.vms()).toMatchObject([{ contested: [] }, { contested: [] }]);
    expect(await asked(host, "db-1")).toMatchObject({
      lines: `db-1 ssh-ed25519 ${keyOf(machine)}\n`,
      withheld: undefined,
    });
  });

  it("a join that names another machine's identity and has proved nothing is contested", async () => {
    await using host = new Bench();
    const token = await joinToken(host, "db-*", 5);
    const [owner, thief] = [new JoiningMachine(), new JoiningMachine()];
    await owner.join(host, token, "db-1");
    thief.identity = { ...owner.identity };
    await thief.join(host, token, "db-1", false);
    expect(await asked(host, "db-1")).toMatchObject({ lines: "", withheld: true });
  });

  it("a droplet that replaced another of its URN, or a seed of its own that was only committed, is no contest", async () => {
    await using host = new Bench();
    await seeded(host, "1");
    host.clock.now += 1;
    const next = await seeded(host, "2");
    expect(await asked(host, "192.0.2.7")).toMatchObject({
      lines: `192.0.2.7 ssh-ed25519 ${keyOf(next)}\n`,
      withheld: undefined,
    });
    host.clock.now += 1;
    await host.guest("instance", "3");
    expect(await asked(host, "192.0.2.7")).toMatchObject({
      lines: `192.0.2.7 ssh-ed25519 ${keyOf(next)}\n`,
      withheld: undefined,
    });
  });

  it("two live VMs of one stack with one address: no key for it", async () => {
    await using host = new Bench();
    await seeded(host, "1", "urn:a");
    await seeded(host, "2", "urn:b");
    expect(await asked(host, "192.0.2.7")).toMatchObject({ lines: "", withheld: true });
  });

  it("a name that a fleet of machines has names eight of them for each", async () => {
    await using host = new Bench();
    const token = await joinToken(host, "db-*", 12);
    for (let i = 0; i < 12; i++) await new JoiningMachine().join(host, token, "db-1", false);
    const counts = (await host.vms()).map(({ contested }) => contested?.[0]?.others.length);
    expect(counts).toEqual(Array(12).fill(8));
  });
});

describe("clients of the mint", () => {
  const client = { id: "ci", role: "mint", stacks: ["acme/web/*"], quotaPerHour: null } as const;
  const CI = { ...client, name: "ci", account: `client:${"01".repeat(8)}` };

  /** As another client than the operator: a seed of a stack of its own, which is committed. */
  async function commit(host: Bench, stack: string, name: string, caller: typeof CI | typeof LOCAL): Promise<number> {
    const app = mintApp(host.context, () => caller);
    const post = (path: string, body: unknown): Promise<Response> =>
      Promise.resolve(app.request(path, { method: "POST", body: JSON.stringify(body) }));
    const answer = await post("/v1/reservations", { stack, urns: [`urn:${name}`] });
    const { reservations } = (await answer.json()) as { reservations: { seedId: string; token: string }[] };
    const { seedId = "", token = "" } = reservations[0] ?? {};
    return (await post(`/v1/reservations/${seedId}/commit`, { token, bind: "instance", name })).status;
  }
  async function vmsFor(host: Bench, caller: typeof CI): Promise<readonly Vm[]> {
    const answer = await mintApp(host.context, () => caller).request("/v1/vms");
    return vmsAnswerSchema.parse(await answer.json()).vms;
  }

  it("a name that a client commits while another stack's VM has it is contested, before any machine claims it", async () => {
    await using host = new Bench();
    await seeded(host);
    expect(await commit(host, "acme/web/prod", "web-7", CI)).toBe(200);
    const { lines, remarks, withheld } = await asked(host, "web-7");
    expect([lines, withheld]).toEqual(["", true]);
    for (const stack of [STACK, "acme/web/prod"]) expect(remarks.join()).toContain(`web-7 (stack ${stack}, seeded `);
    expect(remarks.join()).toMatch(/--stack selects/);
    const ours = (await host.vms()).filter(({ stack }) => stack === STACK);
    expect(knownHosts(ours, ["web-7"], 22, STACK)).toMatchObject({
      withheld: undefined,
      lines: expect.stringContaining("web-7 "),
    });
  });
  it("the operator's own commit is no contest until its machine is enrolled", async () => {
    await using host = new Bench();
    const guest = await seeded(host);
    expect(await commit(host, "acme/web/prod", "web-7", LOCAL)).toBe(200);
    expect(await asked(host, "web-7")).toMatchObject({
      withheld: undefined,
      lines: expect.stringContaining(keyOf(guest)),
    });
  });
  it("a client learns that a VM of another stack has its name, and nothing else of it", async () => {
    await using host = new Bench();
    await seeded(host);
    await commit(host, "acme/web/prod", "web-7", CI);
    const vms = await vmsFor(host, CI);
    const others = [{ name: null, stack: null, seedId: null, joined: false, since: null }];
    expect(vms).toMatchObject([{ stack: "acme/web/prod", contested: [{ word: "web-7", kind: "name", others }] }]);
    expect(JSON.stringify(vms)).not.toMatch(/org\/project|4711/);
    const { remarks, withheld } = knownHosts(vms, ["web-7"], 22);
    expect([withheld, remarks.join()]).toEqual([
      true,
      expect.stringMatching(/and a VM of another stack: nothing is printed/),
    ]);
  });
  it.each(["203.0.113.9", "127.1", "::1", "web-*", "a b", "@web"])(
    "no client commits under the name %j",
    async (name) => {
      await using host = new Bench();
      for (const caller of [CI, LOCAL]) expect(await commit(host, "acme/web/prod", name, caller)).toBe(400);
      expect(await host.vms()).toEqual([]);
    },
  );
  it("nobody is shown an identity", async () => {
    await using host = new Bench();
    await seeded(host);
    const body = (await host.get("/v1/vms")).body as { vms: object[] };
    expect(Object.keys(body.vms[0] ?? {})).not.toEqual(expect.arrayContaining(["identityPk"]));
  });
});
