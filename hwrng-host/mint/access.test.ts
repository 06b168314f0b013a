import { mintErrorSchema, reservationsAnswerSchema, vmsAnswerSchema } from "@bootseed/protocol";
import type { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { mintApp } from "./app.ts";
import { clientsAnswerSchema, newClientAnswerSchema } from "./clients.ts";
import { CLIENT_HEADER, recogniseBearer } from "./recognise.ts";

const STACK = "acme/web/prod";
const CI = { name: "ci", role: "mint", stacks: ["acme/*/prod"], quotaPerHour: 2, expiresInSeconds: 3600, by: "token" };

type Said = { status: number; body: unknown; headers: Headers };

/** The API as it is over https; its operator is on the socket. */
class Remote {
  readonly host: Bench;
  #app: Hono;

  constructor(host: Bench) {
    this.host = host;
    this.#app = mintApp(host.context, recogniseBearer(host.context));
  }

  restart(): void {
    this.host.restart();
    this.#app = mintApp(this.host.context, recogniseBearer(this.host.context));
  }

  async client(change: object = {}): Promise<string> {
    const { body } = await this.host.post("/v1/clients", { ...CI, ...change });
    return newClientAnswerSchema.parse(body).token ?? "";
  }

  async ask(token: string | undefined, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Said> {
    const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...more };
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const answer = await this.#app.request(path, { headers, ...init });
    return { status: answer.status, body: await answer.json(), headers: answer.headers };
  }

  async reserve(token: string, stack = STACK): Promise<{ seedId: string; token: string }> {
    const { body } = await this.ask(token, "/v1/reservations", { stack, urns: ["urn:a"] });
    const [first] = reservationsAnswerSchema.parse(body).reservations;
    if (first === undefined) throw new Error("no reservation came");
    return first;
  }

  async commit(token: string, reserved: { seedId: string; token: string }): Promise<Said> {
    const body = { token: reserved.token, bind: "instance", name: "web" };
    return this.ask(token, `/v1/reservations/${reserved.seedId}/commit`, body);
  }
}

const said = ({ status, body }: Said): [number, string] => [status, mintErrorSchema.parse(body).error.message];

describe("who asks over https", () => {
  it.each([
    ["nobody", undefined, {}, /expected a token/],
    ["a token that was never made", "A".repeat(43), {}, /not one of this host's/],
    ["a JWT where there is no issuer", "a.b.c", {}, /names no OIDC issuer/],
    ["somebody who names a client", undefined, { [CLIENT_HEADER]: "ci" }, /expected a token/],
    ["basic authentication", undefined, { authorization: "Basic Y2k6eA==" }, /expected a token/],
  ])("%s: 401", async (_, token, headers, why) => {
    await using host = new Bench();
    const remote = new Remote(host);
    await remote.client();
    const answer = await remote.ask(token, "/v1/reservations", { stack: STACK, urns: ["urn:a"] }, headers);
    expect(said(answer)).toEqual([401, expect.stringMatching(why)]);
    expect([answer.headers.get("www-authenticate"), answer.headers.get("connection")]).toEqual(["Bearer", "close"]);
    expect(JSON.stringify(answer.body)).not.toContain("AAAA");
  });

  it("one whose token has ended, by time or by its operator, is told which", async () => {
    await using host = new Bench();
    const remote = new Remote(host);
    const token = await remote.client();
    expect((await remote.ask(token, "/v1/vms")).status).toBe(200);
    host.clock.now += 3600;
    expect(said(await remote.ask(token, "/v1/vms"))).toEqual([401, expect.stringMatching(/ci expired at 2026-/)]);
    host.clock.now -= 1;
    expect((await host.post("/v1/clients/ci/revoke", {})).status).toBe(200);
    remote.restart();
    expect(said(await remote.ask(token, "/v1/vms"))).toEqual([401, expect.stringMatching(/ci was revoked at/)]);
    expect((await host.post("/v1/clients/ci/revoke", {})).status).toBe(404);
    expect(await remote.client()).not.toBe("");
  });

  it("keeps no token: neither in the database nor in a log line", async () => {
    await using host = new Bench();
    const remote = new Remote(host);
    const token = await remote.client();
    expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const { body } = await host.get("/v1/clients");
    expect(JSON.stringify([body, host.context.store.mintClients.all(), host.logged])).not.toContain(token);
    expect(clientsAnswerSchema.parse(body).clients).toMatchObject([{ name: "ci", by: "token", seedsThisHour: 0 }]);
  });
});

it("what is refused is counted, and of a flood a part is logged", async () => {
  await using host = new Bench();
  const remote = new Remote(host);
  const token = await remote.client();
  for (let i = 0; i < 100; i++) await remote.ask(undefined, "/v1/vms");
  await remote.ask(token, "/v1/snapshot", {});
  expect(host.context.refusals.counts()).toEqual({ "mint.forbidden": 1, "mint.unauthorized": 100 });
  // 60 of the flood, and the one of another kind that it must not hide.
  expect(host.logged.filter((line) => line === "refused").length).toBe(61);
});

describe("what a role may", () => {
  const PATHS = [
    ["POST", "/v1/reservations"],
    ["POST", "/v1/created"],
    ["GET", "/v1/vms"],
    ["GET", "/v1/status"],
    ["GET", "/v1/join-tokens"],
    ["POST", "/v1/join-tokens"],
    ["POST", "/v1/vms/00/revoke"],
    ["POST", "/v1/vms/00/acknowledge"],
    ["POST", "/v1/clients/ci/renew"],
    ["POST", "/v1/snapshot"],
    ["GET", "/v1/clients"],
    ["POST", "/v1/clients"],
    ["GET", "/v1/clients/../vms/"],
  ] as const;
  it.each([
    ["mint", ["POST /v1/reservations", "POST /v1/created", "GET /v1/vms"]],
    ["read", ["GET /v1/vms", "GET /v1/status"]],
    ["admin", PATHS.map((each) => each.join(" "))],
  ])("%s", async (role, permitted) => {
    await using host = new Bench();
    const remote = new Remote(host);
    const token = await remote.client({ role, stacks: ["**"] });
    const open: string[] = [];
    for (const [method, path] of PATHS) {
      const { status } = await remote.ask(token, path, method === "POST" ? {} : undefined);
      if (status !== 403) open.push(`${method} ${path}`);
    }
    expect(open).toEqual(permitted);
  });

  it("an admin of some stacks is no such thing", async () => {
    await using host = new Bench();
    expect((await host.post("/v1/clients", { ...CI, role: "admin" })).status).toBe(400);
  });
});

describe("stacks", () => {
  it("of others are not reserved for, told of, or seen", async () => {
    await using host = new Bench();
    const remote = new Remote(host);
    const token = await remote.client();
    const other = await remote.client({ name: "other", stacks: ["beta/**"] });
    await remote.commit(token, await remote.reserve(token));
    const stack = "beta/web/prod";
    const wanted = /client ci may not touch the stack beta\/web\/prod: it has acme\/\*\/prod/;
    for (const [path, body] of [
      ["/v1/reservations", { stack, urns: ["urn:a"] }],
      ["/v1/created", { stack, droplets: [] }],
    ] as const)
      expect(said(await remote.ask(token, path, body))).toEqual([403, expect.stringMatching(wanted)]);
    const seen = async (as: string): Promise<number> =>
      vmsAnswerSchema.parse((await remote.ask(as, "/v1/vms")).body).vms.length;
    expect([await seen(token), await seen(other)]).toEqual([1, 0]);
  });

  it("a reservation is committed by the one who made it, and by no other, the operator included", async () => {
    await using host = new Bench();
    const remote = new Remote(host);
    const token = await remote.client();
    const twin = await remote.client({ name: "twin" });
    const reserved = await remote.reserve(token);
    expect(said(await remote.commit(twin, reserved))).toEqual([403, expect.stringMatching(/another client than twin/)]);
    const local = { token: reserved.token, bind: "instance", name: "web" };
    expect((await host.post(`/v1/reservations/${reserved.seedId}/commit`, local)).status).toBe(403);
    expect(await host.vm()).toBeUndefined();
    expect((await remote.commit(token, reserved)).status).toBe(200);
  });
});

describe("a quota", () => {
  it("counts commits, not reservations, says truly when the next is free, and outlives a restart", async () => {
    await using host = new Bench();
    const remote = new Remote(host);
    const token = await remote.client();
    const [first, second, third] = [
      await remote.reserve(token),
      await remote.reserve(token),
      await remote.reserve(token),
    ];
    expect((await remote.commit(token, first)).status).toBe(200);
    host.clock.now += 600;
    expect((await remote.commit(token, second)).status).toBe(200);
    host.clock.now += 600;
    remote.restart();
    const late = await remote.commit(token, third);
    expect(said(late)).toEqual([429, expect.stringMatching(/client ci has had its 2 seeds of this hour/)]);
    expect(late.headers.get("retry-after")).toBe("2400");
    expect((await host.vms()).length).toBe(2);
    expect((await remote.ask(token, "/v1/vms")).status).toBe(200);
    host.clock.now += 2399;
    expect((await remote.commit(token, third)).status).toBe(429);
    host.clock.now += 1;
    const fresh = await remote.client({ name: "fresh" });
    expect((await remote.commit(fresh, await remote.reserve(fresh))).status).toBe(200);
    expect(said(await remote.commit(token, third))[0]).toBe(401); // its token ended meanwhile
  });

  it("of one client is not another's, and the socket has none", async () => {
    await using host = new Bench();
    const remote = new Remote(host);
    const [token, twin] = [
      await remote.client({ quotaPerHour: 1 }),
      await remote.client({ name: "twin", quotaPerHour: 1 }),
    ];
    const take = async (as: string): Promise<number> => (await remote.commit(as, await remote.reserve(as))).status;
    expect([await take(token), await take(token), await take(twin), await take(twin)]).toEqual([200, 429, 200, 429]);
    for (let i = 0; i < 3; i++) expect(await host.commit(await host.reserve())).toBe(200);
    const { clients } = clientsAnswerSchema.parse((await host.get("/v1/clients")).body);
    expect(clients.map(({ seedsThisHour }) => seedsThisHour)).toEqual([1, 1]);
  });
});

describe("a client of ssh", () => {
  it("is named on the socket, has no token, and is held to what it may", async () => {
    await using host = new Bench();
    await new Remote(host).client({ by: "ssh", expiresInSeconds: null });
    const as = (name: string, path: string, body: object): Response | Promise<Response> =>
      host.mint.request(path, { method: "POST", body: JSON.stringify(body), headers: { [CLIENT_HEADER]: name } });
    expect((await as("ci", "/v1/reservations", { stack: STACK, urns: ["urn:a"] })).status).toBe(200);
    expect((await as("ci", "/v1/reservations", { stack: "beta/a/prod", urns: ["urn:a"] })).status).toBe(403);
    expect((await as("ci", "/v1/snapshot", {})).status).toBe(403);
    expect((await as("cj", "/v1/reservations", { stack: STACK, urns: ["urn:a"] })).status).toBe(401);
    expect(clientsAnswerSchema.parse((await host.get("/v1/clients")).body).clients).toMatchObject([{ by: "ssh" }]);
  });

  it("is not the token client that was given its name after it was revoked", async () => {
    await using host = new Bench();
    const remote = new Remote(host);
    const ask = async (): Promise<number> =>
      (await host.mint.request("/v1/vms", { headers: { [CLIENT_HEADER]: "ci" } })).status;
    await remote.client({ by: "ssh", expiresInSeconds: null });
    expect(await ask()).toBe(200);
    await host.post("/v1/clients/ci/revoke", {});
    expect((await remote.ask(await remote.client(), "/v1/vms")).status).toBe(200);
    expect(await ask()).toBe(401);
  });
});

it.each([
  ["a name that is taken", {}, 409],
  ["no stack", { name: "x", stacks: [] }, 400],
  ["a star within a segment", { name: "x", stacks: ["acme*/**"] }, 400],
  ["a token without end", { name: "x", expiresInSeconds: null }, 400],
  ["a quota of nothing", { name: "x", quotaPerHour: 0 }, 400],
  ["an unknown role", { name: "x", role: "root" }, 400],
])("refuses a client with %s", async (_, change, status) => {
  await using host = new Bench();
  await new Remote(host).client();
  expect((await host.post("/v1/clients", { ...CI, ...change })).status).toBe(status);
});
