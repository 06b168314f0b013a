import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { consoleFile } from "./console.ts";
import { checkCreate } from "./create-request.ts";
import type { Droplet } from "./droplet.ts";
import { fakeCloud, RECORDED_CREATE, type FakeCloud } from "./testing/fake-cloud.ts";

let cloud: FakeCloud;
afterEach(async () => {
  await cloud.fleet.stop();
  cloud.remove();
});

const REQUEST = checkCreate(RECORDED_CREATE, ["debian-12-x64"]);
const create = async (): Promise<Droplet> => cloud.fleet.create(REQUEST, []);
const eventsOf = (droplet: Droplet): string[] => droplet.events.map(({ event }) => event);

describe("a droplet's life", () => {
  it("boots with its own address, card and metadata", async () => {
    cloud = fakeCloud();
    const droplet = await create();
    await vi.waitFor(() => expect(eventsOf(droplet)).toEqual(["created", "started", "booted"]));
    const spec = cloud.fake.machines[0]?.spec;
    expect(spec).toMatchObject({ dropletId: 1001, address: `127.77.0.${droplet.number}`, dir: droplet.dir });
    expect(spec?.metadata("GET", "/metadata/v1/id").body).toBe("1001");
    expect(existsSync(droplet.dir)).toBe(true);
  });

  it("boots one after the other; a waiting one stays new", async () => {
    cloud = fakeCloud();
    cloud.fake.autoBoot = false;
    const [first, second] = [await create(), await create()];
    await vi.waitFor(() => expect(first.status).toBe("active"));
    expect(second).toMatchObject({ status: "new", locked: true });
    expect(cloud.fake.machines).toHaveLength(1);
    cloud.fake.machines[0]?.answer();
    await vi.waitFor(() => expect(second.status).toBe("active"));
  });

  it("is never started when it is deleted while it waits, and holds nobody up", async () => {
    cloud = fakeCloud();
    cloud.fake.autoBoot = false;
    const [, second, third] = [await create(), await create(), await create()];
    await vi.waitFor(() => expect(cloud.fake.machines).toHaveLength(1));
    await cloud.fleet.delete(second.id);
    cloud.fake.machines[0]?.answer();
    await vi.waitFor(() => expect(third.status).toBe("active"));
    expect(cloud.fake.machines.map(({ spec }) => spec.dropletId)).toEqual([1001, 1003]);
  });

  it("is stopped when it was deleted while its machine started", async () => {
    cloud = fakeCloud();
    const droplet = await create();
    await cloud.fleet.delete(droplet.id); // before the launcher has answered
    expect(cloud.fake.machines[0]?.calls).toEqual(["stop"]);
    expect(cloud.fleet.list()).toEqual([]);
    expect(existsSync(droplet.dir)).toBe(false);
  });

  it("is off when its guest powers off, without an error", async () => {
    cloud = fakeCloud();
    const droplet = await create();
    await vi.waitFor(() => expect(eventsOf(droplet)).toContain("booted"));
    cloud.fake.machines[0]?.end("the guest powered off");
    await vi.waitFor(() => expect(droplet).toMatchObject({ status: "off", error: null, machine: undefined }));
    expect(eventsOf(droplet).at(-1)).toBe("stopped");
  });

  it("leaves no folder and no machine when the cloud stops, and makes no more", async () => {
    cloud = fakeCloud();
    cloud.fake.autoBoot = false;
    await create();
    await create();
    await vi.waitFor(() => expect(cloud.fake.machines).toHaveLength(1));
    await cloud.fleet.stop();
    expect(cloud.fake.machines[0]?.calls).toEqual(["stop"]);
    expect(readdirSync(cloud.dir)).toEqual([]);
    await expect(create()).rejects.toThrow(/stopping/);
  });
});

describe("a droplet that does not boot", () => {
  it("is stopped at the deadline; the error has the console's end and says what to do", async () => {
    cloud = fakeCloud(50);
    cloud.fake.autoBoot = false;
    const droplet = await create();
    writeFileSync(consoleFile(droplet.dir), "early line\r\n\u001B[31mKernel panic\u001B[0m - not syncing\r\n");
    await vi.waitFor(() => expect(droplet.status).toBe("off"));
    expect(droplet.error).toMatch(
      /no answer from its guest agent within 0.05 s.*Kernel panic - not syncing[^]*--boot-deadline/s,
    );
    await vi.waitFor(() => expect(cloud.fake.machines[0]?.calls).toEqual(["stop"]));
    expect(droplet.events.at(-1)).toMatchObject({
      event: "boot-failed",
      console: "early line\nKernel panic - not syncing",
    });
    expect(droplet.machine).toBeUndefined();
  });

  it("gives the next one its turn", async () => {
    cloud = fakeCloud(50);
    cloud.fake.autoBoot = false;
    await create();
    const second = await create();
    await vi.waitFor(() => expect(second.status).toBe("active"));
  });

  it("says why when its machine ends by itself", async () => {
    cloud = fakeCloud();
    cloud.fake.autoBoot = false;
    const droplet = await create();
    await vi.waitFor(() => expect(droplet.status).toBe("active"));
    cloud.fake.machines[0]?.end("QEMU ended with 1: no such thing");
    await vi.waitFor(() => expect(droplet.error).toMatch(/did not boot: QEMU ended with 1: no such thing/));
    expect(droplet.status).toBe("off");
  });

  it("says why when its machine cannot be started, and can be deleted", async () => {
    cloud = fakeCloud();
    cloud.fake.refusal = "qemu-img is not installed";
    const droplet = await create();
    await vi.waitFor(() => expect(droplet.error).toMatch(/qemu-img is not installed.*Its console is empty/));
    expect(droplet).toMatchObject({ status: "off", locked: false });
    await cloud.fleet.delete(droplet.id);
    expect(readdirSync(cloud.dir)).toEqual([]);
  });
});
