import { rmSync } from "node:fs";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startLocalCloud, type LocalCloud } from "../server.ts";
import { RECORDED_CREATE } from "../testing/fake-cloud.ts";
import { fakeImages, fakeLauncher } from "../testing/fake-launcher.ts";
import { FaultPlan } from "./fault-plan.ts";

/** Over real sockets: a dropped connection has no other way to show. */
let dir: string, images: string, cloud: LocalCloud;
const faults = new FaultPlan();
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "local-cloud-"));
  images = fakeImages();
  const launcher = fakeLauncher().launcher;
  cloud = await startLocalCloud({ images, dir, sshPort: 0, launcher, faults, onEvent: () => undefined });
});
afterEach(async () => {
  faults.clear();
  await cloud.stop();
  for (const folder of [dir, images]) rmSync(folder, { recursive: true, force: true });
});

const headers = { authorization: "Bearer test" };
const create = async (): Promise<Response> =>
  fetch(`${cloud.api}/v2/droplets`, { method: "POST", headers, body: JSON.stringify(RECORDED_CREATE) });
const made = async (): Promise<number> => {
  const answer = (await (await fetch(`${cloud.api}/v2/droplets`, { headers })).json()) as { meta: { total: number } };
  return answer.meta.total;
};

it.each([
  [429, "too_many_requests"],
  [422, "unprocessable_entity"],
  [503, "service_unavailable"],
  [500, "server_error"],
  [418, "fault"],
])("%i, so often, and nothing was made", async (status, id) => {
  faults.add(`POST /v2/droplets: ${status} x2`);
  for (let n = 0; n < 2; n++) {
    const answer = await create();
    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-local-cloud-fault")).toBe("status");
    expect(await answer.json()).toEqual({ id, message: expect.any(String) as unknown });
  }
  expect(await made()).toBe(0);
  expect((await create()).status).toBe(202);
  expect(await made()).toBe(1);
});

it("429 as documented: text, limits, and when to come again", async () => {
  faults.add("POST /v2/droplets: 429");
  const answer = await create();
  expect(await answer.json()).toEqual({ id: "too_many_requests", message: "API Rate limit exceeded." });
  expect(answer.headers.get("retry-after")).toBe("1");
});

it("a connection that drops after the POST took effect leaves a droplet that the client never heard of", async () => {
  faults.add("POST /v2/droplets: drop-after");
  await expect(create()).rejects.toThrow("fetch failed");
  expect(await made()).toBe(1);
  expect((await create()).status).toBe(202);
  expect(await made()).toBe(2);
});

it("one that drops before leaves none", async () => {
  faults.add("POST /v2/droplets: drop-before");
  await expect(create()).rejects.toThrow("fetch failed");
  expect(await made()).toBe(0);
});

it("a slow answer is the right one", async () => {
  faults.add("POST /v2/droplets: slow 5ms");
  const answer = await create();
  expect([answer.status, answer.headers.get("x-local-cloud-fault")]).toEqual([202, "slow"]);
  expect(await made()).toBe(1);
});

it("every answer has the documented rate limit fields", async () => {
  const answer = await fetch(`${cloud.api}/v2/droplets`, { headers });
  for (const field of ["limit", "remaining", "reset"])
    expect(answer.headers.get(`ratelimit-${field}`)).toMatch(/^\d+$/);
});
