import {
  MAX_MINT_BODY_BYTES,
  mintErrorSchema,
  reservationsAnswerSchema,
  statusAnswerSchema,
  toHex,
  vmsAnswerSchema,
} from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";

const RESERVE = { stack: "org/project/stack", urns: ["urn:a", "urn:b"] };
const code = (body: unknown): string => mintErrorSchema.parse(body).error.code;

describe("reservations", () => {
  it("answers what a seed entry needs, and writes nothing", async () => {
    await using host = new Bench();
    const { status, body } = await host.post("/v1/reservations", RESERVE);
    expect(status).toBe(200);
    const answer = reservationsAnswerSchema.parse(body);
    expect(answer).toMatchObject({ hostId: toHex(host.context.identity.hostId), sourceClass: "physical-raw" });
    expect(answer.reservations.map(({ urn }) => urn)).toEqual(RESERVE.urns);
    const [a, b] = answer.reservations;
    for (const key of ["seedId", "pool", "claimKey", "psk0", "token"] as const) expect(a?.[key]).not.toBe(b?.[key]);
    expect((await host.get("/v1/vms")).body).toMatchObject({ schema: 1, vms: [], total: 0 });
  });

  it.each([
    ["no source at start", new Uint8Array(0)],
    ["a constant source", new Uint8Array(8192).fill(3)],
  ])("answers 503 with reason and fix: %s", async (_, samples) => {
    await using host = new Bench({ samples });
    const { status, body } = await host.post("/v1/reservations", RESERVE);
    expect(status).toBe(503);
    expect(body).toMatchObject({
      error: { code: "no-source", message: expect.stringMatching(/no healthy source: .*hwrng/) },
    });
    expect(await host.vm()).toBeUndefined();
  });

  it("stops in the middle of a request when the source gets stuck; nothing of it leaves", async () => {
    await using host = new Bench({ samples: Uint8Array.from([...noise(1024 + 80 * 3), ...new Uint8Array(4096)]) });
    expect((await host.post("/v1/reservations", { ...RESERVE, urns: ["urn:a"] })).status).toBe(200);
    const { status, body } = await host.post("/v1/reservations", RESERVE);
    expect(status).toBe(503);
    expect(JSON.stringify(body)).not.toContain("pool");
  });

  it("refuses chained sources without allowChained, and labels what is made with it", async () => {
    await using strict = new Bench({ deviceName: "virtio_rng.0" });
    const { status, body } = await strict.post("/v1/reservations", RESERVE);
    expect(status).toBe(503);
    expect(body).toMatchObject({ error: { fix: expect.stringMatching(/allowChained/) } });
    await using lax = new Bench({ deviceName: "virtio_rng.0", allowChained: true });
    expect((await lax.post("/v1/reservations", RESERVE)).body).toMatchObject({ sourceClass: "chained" });
    await lax.guest();
    expect(await lax.vm()).toMatchObject({ sourceClass: "chained" });
  });

  it.each([
    ["no JSON", "{", "malformed"],
    ["an unknown field", { ...RESERVE, extra: 1 }, "malformed"],
    ["no urns", { ...RESERVE, urns: [] }, "malformed"],
  ])("answers 400: %s", async (_, request, expected) => {
    await using host = new Bench();
    const { status, body } = await host.post("/v1/reservations", request);
    expect([status, code(body)]).toEqual([400, expected]);
  });

  it("answers 413 beyond 4 MiB", async () => {
    await using host = new Bench();
    const { status, body } = await host.post("/v1/reservations", " ".repeat(MAX_MINT_BODY_BYTES + 1));
    expect([status, code(body)]).toEqual([413, "too-long"]);
  });

  it("answers 404 in the same shape", async () => {
    await using host = new Bench();
    const { status, body } = await host.post("/v2/anything", {});
    expect([status, code(body)]).toEqual([404, "not-found"]);
  });
});

describe("commit", () => {
  it("counts once: a second commit is 409, also after a restart", async () => {
    await using host = new Bench();
    const guest = await host.reserve();
    expect(await host.commit(guest)).toBe(200);
    expect(await host.commit(guest)).toBe(409);
    host.restart();
    expect(await host.commit(guest)).toBe(409);
    expect(await host.vm()).toMatchObject({
      seedId: toHex(guest.seedId),
      name: "web-7",
      urn: "urn:web",
      stack: "org/project/stack",
      bind: "first-claim",
      state: "committed",
      sourceClass: "physical-raw",
      committedAt: host.clock.now,
      topUps: 0,
    });
  });

  it("answers 403 to a forged token, another seed's token, and one older than 24 h", async () => {
    await using host = new Bench();
    const guest = await host.reserve();
    const other = await host.reserve();
    const path = `/v1/reservations/${toHex(guest.seedId)}/commit`;
    const body = { bind: "first-claim", name: "n" };
    for (const token of [other.token, `${guest.token.slice(0, -2)}AA`]) {
      const answer = await host.post(path, { ...body, token });
      expect([answer.status, code(answer.body)]).toEqual([403, "bad-token"]);
    }
    host.clock.now += 86_400;
    const late = await host.post(path, { ...body, token: guest.token });
    expect([late.status, code(late.body)]).toEqual([403, "expired"]);
    expect((await host.post("/v1/reservations/xyz/commit", { ...body, token: guest.token })).status).toBe(400);
    expect(await host.vm()).toBeUndefined();
  });
});

describe("created", () => {
  it("binds the newest unbound seed of the URN, once, and knows nothing of others", async () => {
    await using host = new Bench();
    const old = await host.guest("instance", "1");
    host.clock.now += 60;
    const fresh = await host.guest("instance", "1");
    const bound = { urn: "urn:web", instanceId: "1", seedId: toHex(fresh.seedId), state: "committed", report: null };
    expect(await host.created(fresh)).toEqual({ vms: [bound] });
    expect(await host.created(fresh)).toEqual({ vms: [bound] });
    expect(await host.created(old, "2")).toMatchObject({ vms: [{ seedId: toHex(old.seedId), instanceId: "2" }] });
    expect(await host.created(old, "3")).toMatchObject({ vms: [{ seedId: null, state: null, report: null }] });
  });

  it("follows a changed address", async () => {
    await using host = new Bench();
    const guest = await host.guest("instance");
    await host.created(guest);
    const droplets = [{ urn: guest.urn, instanceId: guest.instanceId, addresses: ["192.0.2.8"] }];
    await host.post("/v1/created", { stack: "org/project/stack", droplets });
    expect(await host.vm()).toMatchObject({ addresses: ["192.0.2.8"] });
  });
});

describe("lists", () => {
  it("are what a client expects", async () => {
    await using host = new Bench();
    await host.guest();
    expect(vmsAnswerSchema.parse((await host.get("/v1/vms")).body).vms.length).toBe(1);
    const status = statusAnswerSchema.parse((await host.get("/v1/status")).body);
    expect(status).toMatchObject({ healthy: true, sources: [{ class: "physical-raw", identity: "test-noise" }] });
  });

  it("say why nothing is minted", async () => {
    await using host = new Bench({ samples: new Uint8Array(4096) });
    const status = statusAnswerSchema.parse((await host.get("/v1/status")).body);
    expect(status.healthy).toBe(false);
    expect(status.sources[0]?.reason).toMatch(/repetition count/);
    expect(status["problem"]).toMatchObject({ code: "no-source", fix: expect.stringMatching(/replace the device/) });
  });
});
