import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startLocalCloud, type LocalCloud, type LocalCloudOptions } from "./server.ts";
import { RECORDED_CREATE } from "./testing/fake-cloud.ts";
import { fakeImages, fakeLauncher } from "./testing/fake-launcher.ts";
import { localDroplet, waitForBoot } from "./wait-for-boot.ts";

let dir: string, images: string;
const clouds: LocalCloud[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "local-cloud-"));
  images = fakeImages();
});
afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.stop();
  for (const folder of [dir, images]) rmSync(folder, { recursive: true, force: true });
});

const start = async (change: Partial<LocalCloudOptions> = {}): Promise<LocalCloud> => {
  const cloud = await startLocalCloud({
    images,
    dir,
    sshPort: 0,
    launcher: fakeLauncher().launcher,
    onEvent: () => undefined,
    ...change,
  });
  clouds.push(cloud);
  return cloud;
};
const create = async (api: string): Promise<number> => {
  const init = { method: "POST", headers: { authorization: "Bearer x" }, body: JSON.stringify(RECORDED_CREATE) };
  const { droplet } = (await (await fetch(`${api}/v2/droplets`, init)).json()) as { droplet: { id: number } };
  return droplet.id;
};

describe("startLocalCloud", () => {
  it("serves on loopback, keeps its folder to itself, and leaves nothing behind", async () => {
    const cloud = await start({ dir: join(dir, "run") });
    expect(cloud.api).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const id = await create(cloud.api);
    expect((await waitForBoot(cloud.api, id)).status).toBe("active");
    expect(statSync(join(dir, "run")).mode & 0o777).toBe(0o700);
    expect(existsSync(join(dir, "run/droplets", String(id)))).toBe(true);
    await cloud.stop();
    await cloud.stop();
    expect(["droplets", "api", "pid"].filter((name) => existsSync(join(dir, "run", name)))).toEqual([]);
    await expect(localDroplet(cloud.api, id)).rejects.toThrow();
  });

  it.each(["0.0.0.0", "::", "192.0.2.1", "localhost.example", "127.0.0.1.example"])(
    "refuses to listen on %s",
    async (host) => {
      await expect(start({ host })).rejects.toThrow(`loopback only: expected 127.0.0.1 or ::1, got ${host}`);
      expect(existsSync(join(dir, "pid"))).toBe(false);
    },
  );

  it("says that the port is taken, and lets go of the folder", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    await expect(start({ port: (other.address() as AddressInfo).port })).rejects.toThrow(
      /is taken: choose another --port/,
    );
    other.close();
    await start();
  });

  it("says where it expected an image", async () => {
    await expect(start({ images: dir })).rejects.toThrow(/no image in .*SLUG\/base\.qcow2/);
  });
});

describe("waitForBoot", () => {
  it("throws what the droplet says when it did not boot", async () => {
    const fake = fakeLauncher();
    fake.refusal = "no such machine";
    const cloud = await start({ launcher: fake.launcher });
    await expect(waitForBoot(cloud.api, await create(cloud.api))).rejects.toThrow(/did not boot: no such machine/);
  });
});
