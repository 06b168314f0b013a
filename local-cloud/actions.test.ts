import { existsSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { machineFiles } from "./qemu-arguments.ts";
import { fakeCloud, RECORDED_CREATE, type FakeCloud, type Json } from "./testing/fake-cloud.ts";

let cloud: FakeCloud;
let id: number;
let createAction: Json;

beforeEach(async () => {
  cloud = fakeCloud();
  const { json } = await cloud.call("POST", "/v2/droplets", RECORDED_CREATE);
  id = json.droplet.id;
  createAction = json.links.actions[0];
});
afterEach(async () => {
  await cloud.fleet.stop();
  cloud.remove();
});

const droplet = async (): Promise<Json> => (await cloud.call("GET", `/v2/droplets/${id}`)).json.droplet;
const post = async (body: unknown): Promise<{ status: number; json: Json }> =>
  cloud.call("POST", `/v2/droplets/${id}/actions`, body);
const over = async (action: Json): Promise<Json> =>
  vi.waitFor(async () => {
    const { json } = await cloud.call("GET", `/v2/actions/${action.id}`);
    expect(json.action.status).not.toBe("in-progress");
    return json.action;
  });
const act = async (body: unknown): Promise<Json> => {
  const { status, json } = await post(body);
  expect([status, json.action?.status]).toEqual([201, "in-progress"]);
  return over(json.action);
};
const refusal = async (body: unknown): Promise<string> => {
  const { status, json } = await post(body);
  expect(status).toBe(422);
  return json.message;
};
const calls = (): readonly (readonly string[])[] => cloud.fake.machines.map((machine) => machine.calls);

describe("actions", () => {
  it("of a create: linked in its answer, over when the machine runs", async () => {
    expect(createAction).toEqual({
      id: expect.any(Number),
      rel: "create",
      href: expect.stringMatching(/\/v2\/actions\/\d+$/),
    });
    expect(await over(createAction)).toMatchObject({ type: "create", status: "completed", resource_id: id });
    expect((await droplet()).status).toBe("active");
  });

  it("of a create whose machine cannot be started: errored", async () => {
    cloud.fake.refusal = "no such machine";
    const { json } = await cloud.call("POST", "/v2/droplets", RECORDED_CREATE);
    expect((await over(json.links.actions[0])).status).toBe("errored");
  });

  it("are in progress when they are answered, can be looked up, and are listed newest first", async () => {
    await over(createAction);
    const reboot = await act({ type: "reboot" });
    expect(reboot).toMatchObject({ status: "completed", type: "reboot", resource_id: id, region_slug: "ams3" });
    for (const path of [`/v2/droplets/${id}/actions`, "/v2/actions"]) {
      const { json } = await cloud.call("GET", path);
      expect(json.actions.map(({ type }: Json) => type)).toEqual(["reboot", "create"]);
    }
    expect((await cloud.call("GET", `/v2/droplets/${id}/actions/${reboot.id}`)).json.action).toEqual(reboot);
    expect((await cloud.call("GET", `/v2/droplets/${id + 1}/actions/${reboot.id}`)).status).toBe(404);
  });

  it("one at a time, and none while the droplet is being made", async () => {
    const early = await post({ type: "reboot" });
    expect([early.status, early.json.message]).toEqual([422, "Droplet already has a pending event."]);
    await over(createAction);
    const [first, second] = await Promise.all([post({ type: "power_off" }), post({ type: "reboot" })]);
    expect(new Set([first.status, second.status])).toEqual(new Set([201, 422]));
  });

  it("power: off, on, shut down, each only where it can be", async () => {
    await over(createAction);
    expect(await refusal({ type: "power_on" })).toBe("Droplet is already powered on.");
    await act({ type: "power_off" });
    await vi.waitFor(async () => expect((await droplet()).status).toBe("off"));
    expect(await refusal({ type: "power_off" })).toBe("Droplet is already powered off."); // the official provider reads this text
    expect(await refusal({ type: "reboot" })).toMatch(/not powered on/);
    await act({ type: "power_on" });
    expect((await droplet()).status).toBe("active");
    await act({ type: "shutdown" });
    await vi.waitFor(async () => expect((await droplet()).status).toBe("off"));
    await act({ type: "shutdown" }); // no error on DigitalOcean either
    expect(calls()).toEqual([["stop"], ["shutDown"]]);
  });

  it("a boot that fails on power_on is an errored action", async () => {
    await over(createAction);
    await act({ type: "power_off" });
    cloud.fake.refusal = "no memory";
    expect((await act({ type: "power_on" })).status).toBe("errored");
    expect(await droplet()).toMatchObject({ status: "off", locked: false });
  });

  it("rename", async () => {
    await over(createAction);
    await act({ type: "rename", name: "web-2" });
    expect((await droplet()).name).toBe("web-2");
    expect(await refusal({ type: "rename", name: "no good" })).toMatch(/hostname characters/);
  });

  it("resize: only when off, never to a smaller disk, with the disk only when asked", async () => {
    await over(createAction);
    expect(await refusal({ type: "resize", size: "s-2vcpu-2gb", disk: true })).toMatch(/powered off/);
    await act({ type: "power_off" });
    expect(await refusal({ type: "resize", size: "huge" })).toMatch(/invalid size: got huge/);
    expect(await refusal({ type: "resize", size: "s-1vcpu-512mb-10gb" })).toMatch(/smaller disk/);
    await act({ type: "resize", size: "s-2vcpu-2gb", disk: false });
    expect(await droplet()).toMatchObject({ size_slug: "s-2vcpu-2gb", memory: 2048, disk: 25 });
    await act({ type: "resize", size: "s-2vcpu-4gb", disk: true });
    expect(await droplet()).toMatchObject({ size_slug: "s-2vcpu-4gb", memory: 4096, disk: 80 });
  });

  it("rebuild: a new disk, the same id and the same user-data", async () => {
    await over(createAction);
    const { disk } = machineFiles(cloud.fleet.get(id).dir);
    writeFileSync(disk, "what the guest wrote");
    expect(await refusal({ type: "rebuild", image: "none" })).toMatch(/invalid image/);
    await act({ type: "rebuild", image: "debian-12-x64" });
    expect(existsSync(disk)).toBe(false);
    const [first, second] = cloud.fake.machines.map(({ spec }) => spec.metadata("GET", "/metadata/v1.json").body);
    expect(second).toBe(first);
    expect(await droplet()).toMatchObject({ id, status: "active" });
  });

  it("features", async () => {
    await over(createAction);
    await act({ type: "enable_backups" });
    await act({ type: "enable_ipv6" });
    expect((await droplet()).features).toEqual(["backups", "ipv6"]);
    await act({ type: "disable_backups" });
    expect((await droplet()).features).toEqual(["ipv6"]);
  });

  it("says what it has when it is asked for another", async () => {
    await over(createAction);
    expect(await refusal({ type: "snapshot" })).toMatch(/got snapshot, this cloud has reboot, /);
    expect(await refusal({ type: "toString" })).toMatch(/got toString/);
  });
});
