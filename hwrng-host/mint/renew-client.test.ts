import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { mintApp } from "./app.ts";
import { clientsAnswerSchema, newClientAnswerSchema } from "./clients.ts";
import { recogniseBearer } from "./recognise.ts";

const CI = { name: "ci", role: "mint", stacks: ["acme/**"], quotaPerHour: 1, expiresInSeconds: 3600, by: "token" };
const HOUR = 3600;

async function make(host: Bench, change: object = {}): Promise<string> {
  return newClientAnswerSchema.parse((await host.post("/v1/clients", { ...CI, ...change })).body).token ?? "";
}

async function renew(host: Bench, overlapSeconds: number): Promise<string> {
  const { body } = await host.post("/v1/clients/ci/renew", { expiresInSeconds: 10 * HOUR, overlapSeconds });
  return newClientAnswerSchema.parse(body).token ?? "";
}

/** Each time an app of its own: nothing is remembered between requests. */
async function status(host: Bench, token: string): Promise<[number, string]> {
  const app = mintApp(host.context, recogniseBearer(host.context));
  const answer = await app.request("/v1/vms", { headers: { authorization: `Bearer ${token}` } });
  return [answer.status, await answer.text()];
}

describe("renew", () => {
  it("makes a token, and lets the one before open until the overlap or its own end has passed", async () => {
    await using host = new Bench();
    const [first, id] = [await make(host), host.context.store.mintClients.byName("ci")?.clientId];
    const second = await renew(host, 600);
    expect(second).toMatch(/^[A-Za-z0-9_-]{43}$/);
    host.restart();
    for (const token of [first, second]) expect((await status(host, token))[0]).toBe(200);
    expect(host.context.store.mintClients.byName("ci")?.clientId).toEqual(id);
    host.clock.now += 600;
    expect(await status(host, first)).toEqual([401, expect.stringMatching(/the token of client ci expired at 2026-/)]);
    expect((await status(host, second))[0]).toBe(200);

    // The second one ends after ten hours, an overlap of twenty does not make that longer.
    const third = await renew(host, 20 * HOUR);
    host.clock.now += 10 * HOUR - 601;
    for (const token of [second, third]) expect((await status(host, token))[0]).toBe(200);
    host.clock.now += 1;
    expect((await status(host, second))[0]).toBe(401);
    expect((await status(host, third))[0]).toBe(200);
  });

  it("can be run again when its answer was lost: the token that is in use still opens", async () => {
    await using host = new Bench();
    const inUse = await make(host);
    const lost = await renew(host, 600);
    const second = await renew(host, 600);
    for (const token of [inUse, lost, second]) expect((await status(host, token))[0]).toBe(200);
    const { clients } = clientsAnswerSchema.parse((await host.get("/v1/clients")).body);
    expect(clients).toMatchObject([{ name: "ci", earlierUntil: host.clock.now + 600 }]);
    expect(JSON.stringify([clients, host.logged, host.lines])).not.toContain(second);
  });

  it("with a shorter overlap shortens that of all tokens before, and tells when the last one ends", async () => {
    await using host = new Bench();
    const first = await make(host, { expiresInSeconds: 100 * HOUR });
    const second = await renew(host, 50 * HOUR);
    const request = { expiresInSeconds: 10 * HOUR, overlapSeconds: 600 };
    const { body } = await host.post("/v1/clients/ci/renew", request);
    expect(newClientAnswerSchema.parse(body).earlierUntil).toBe(host.clock.now + 600);
    host.clock.now += 600;
    for (const token of [first, second]) expect((await status(host, token))[0]).toBe(401);
  });

  it("without an overlap ends all tokens before at once; so does revoke", async () => {
    await using host = new Bench();
    const [first, second] = [await make(host), await renew(host, 600)];
    const third = await renew(host, 0);
    for (const token of [first, second]) expect((await status(host, token))[0]).toBe(401);
    expect((await status(host, third))[0]).toBe(200);
    const fourth = await renew(host, 600);
    await host.post("/v1/clients/ci/revoke", {});
    for (const token of [third, fourth])
      expect(await status(host, token)).toEqual([401, expect.stringMatching(/ci was revoked at/)]);
    // A new client of that name has nothing of it.
    const other = await make(host);
    expect((await status(host, other))[0]).toBe(200);
    expect((await status(host, third))[0]).toBe(401);
  });

  it.each([
    ["a name that nobody has", "db", {}],
    ["a client by ssh", "ssh", {}],
    ["an overlap of 31 days", "ci", { overlapSeconds: 31 * 86_400 }],
    ["no end", "ci", { expiresInSeconds: null }],
  ])("refuses %s", async (_, name, change) => {
    await using host = new Bench();
    const first = await make(host);
    await make(host, { name: "ssh", by: "ssh", expiresInSeconds: null });
    const request = { expiresInSeconds: HOUR, overlapSeconds: 600, ...change };
    expect([400, 404]).toContain((await host.post(`/v1/clients/${name}/renew`, request)).status);
    expect((await status(host, first))[0]).toBe(200);
    expect(host.context.store.mintClients.all().map(({ earlierUntil }) => earlierUntil)).toEqual([null, null]);
  });
});
