/** Addresses that two stacks tell, as a client of one of them may do on purpose: no other machine's key is printed. */
import { ed25519SshKey, reservationsAnswerSchema, toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { knownHosts } from "../../seeder/cli/known-hosts.ts";
import { Bench } from "../testing/bench.ts";
import { TestGuest } from "../testing/guest.ts";
import { JoiningMachine, joinToken } from "../testing/joining.ts";
import { mintApp } from "./app.ts";
import type { Caller } from "./caller.ts";

const STACK = "org/project/stack";
const EVIL = "evil/x/y";
const CLIENT: Caller = { name: "m", id: "m", account: "client:00", role: "mint", stacks: [EVIL], quotaPerHour: null };

async function postAsClient(host: Bench, path: string, body: unknown): Promise<unknown> {
  const app = mintApp(host.context, () => CLIENT);
  const answer = await app.request(path, { method: "POST", body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  return answer.json();
}

async function enrolAndReport(host: Bench, guest: TestGuest): Promise<void> {
  guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
  expect((await host.send("/v1/reports", guest.report())).status).toBe(204);
}

/** A VM of the client's own stack that says to have another's name or addresses, and has reported. */
async function thief(host: Bench, name: string, addresses: string[]): Promise<TestGuest> {
  const urn = "urn:evil";
  const answer = await postAsClient(host, "/v1/reservations", { stack: EVIL, urns: [urn] });
  const [reserved] = reservationsAnswerSchema.parse(answer).reservations;
  if (reserved === undefined) throw new Error("no reservation came");
  const guest = new TestGuest(reserved, host.context.identity, "666", urn);
  const commit = { token: reserved.token, bind: "instance", name };
  await postAsClient(host, `/v1/reservations/${reserved.seedId}/commit`, commit);
  await postAsClient(host, "/v1/created", { stack: EVIL, droplets: [{ urn, instanceId: "666", addresses }] });
  await enrolAndReport(host, guest);
  return guest;
}

const tell = (host: Bench, urn: string, addresses: string[]): Promise<unknown> =>
  host.post("/v1/created", { stack: STACK, droplets: [{ urn, instanceId: "4711", addresses }] });

async function expectNoKey(host: Bench, word: string): Promise<void> {
  expect(knownHosts(await host.vms(), [word], 22)).toMatchObject({ lines: "", withheld: true });
}

describe("an address that a client of another stack tells of its own, newer VM", () => {
  it.each([
    ["an address more of its VM", "urn:web", ["192.0.2.7", "2001:db8::7"]],
    ["that its VM has another URN", "urn:renamed", ["192.0.2.7"]],
  ])("stays contested when the operator's program tells %s", async (_, urn, addresses) => {
    await using host = new Bench();
    const victim = await host.guest("instance", "4711", "urn:web");
    await host.created(victim);
    await enrolAndReport(host, victim);
    host.clock.now += 1000;
    const evil = await thief(host, "evil", ["192.0.2.7"]);
    await expectNoKey(host, "192.0.2.7");
    await tell(host, urn, addresses);
    await expectNoKey(host, "192.0.2.7");
    expect((await host.vms()).find(({ stack }) => stack === STACK)?.addresses).toEqual(addresses);
    await host.post(`/v1/vms/${toHex(evil.seedId)}/revoke`, {});
    const key = Buffer.from(ed25519SshKey(victim.hostKey.publicKey)).toString("base64");
    expect(knownHosts(await host.vms(), ["192.0.2.7"], 22).lines).toContain(key);
  });
});

describe("a VM that exists and has not claimed yet", () => {
  it("contests the name and the address that a client's VM has", async () => {
    await using host = new Bench();
    await thief(host, "web-7", ["192.0.2.7"]);
    await host.created(await host.guest("instance", "4711", "urn:web"));
    for (const word of ["192.0.2.7", "web-7"]) await expectNoKey(host, word);
  });

  it("contests the name that a machine joined under", async () => {
    await using host = new Bench();
    await host.created(await host.guest("instance", "4711", "urn:web"));
    await new JoiningMachine().join(host, await joinToken(host, "web-*", 5), "web-7");
    await expectNoKey(host, "web-7");
  });
});

it("a droplet's address that is no IP address is a request that the host rejects, with what it expects", async () => {
  await using host = new Bench();
  await host.guest("instance", "4711", "urn:web");
  const droplets = [{ urn: "urn:web", instanceId: "4711", addresses: ["github.com"] }];
  expect(await host.post("/v1/created", { stack: STACK, droplets })).toMatchObject({
    status: 400,
    body: { error: { message: expect.stringMatching(/^droplets\.0\.addresses\.0: expected an IP address such as/) } },
  });
  expect(await host.vm()).toMatchObject({ addresses: [], instanceId: null });
});
