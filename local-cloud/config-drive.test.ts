import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { checkCreate } from "./create-request.ts";
import { macOf, type Droplet } from "./droplet.ts";
import { Fleet } from "./fleet.ts";
import { fakeCloud, RECORDED_CREATE, type FakeCloud } from "./testing/fake-cloud.ts";

let cloud: FakeCloud;
const fleets: Fleet[] = [];
afterEach(async () => {
  await Promise.all(fleets.splice(0).map((fleet) => fleet.stop()));
  cloud.remove();
});

/** A droplet of a fleet with or without config drives, and the folder that its machine was given. */
async function start(configDrive: boolean): Promise<{ droplet: Droplet; folder: string | undefined }> {
  cloud = fakeCloud();
  const { dir, fake } = cloud;
  const rest = { images: dir, sshPort: 0, bootDeadlineMs: 60_000, parallelBoots: 1, firstId: 1001, onEvent: () => {} };
  const fleet = new Fleet({
    ...rest,
    dir,
    configDrive,
    authorizedKeys: ["ssh-ed25519 AAAA a"],
    launcher: fake.launcher,
  });
  fleets.push(fleet);
  const droplet = await fleet.create(checkCreate(RECORDED_CREATE, ["debian-12-x64"]), ["ssh-ed25519 BBBB b"]);
  await vi.waitFor(() => expect(droplet.status).toBe("active"));
  return { droplet, folder: fake.machines[0]?.spec.configDrive };
}

describe("a droplet's config drive", () => {
  it("has the same id, name, keys, network and user-data as the metadata service, in OpenStack's layout", async () => {
    const { droplet, folder = "" } = await start(true);
    const read = (name: string): string => readFileSync(join(folder, "openstack/latest", name), "utf8");
    expect(JSON.parse(read("meta_data.json"))).toMatchObject({
      uuid: "1001",
      hostname: droplet.name,
      public_keys: { 0: "ssh-ed25519 AAAA a", 1: "ssh-ed25519 BBBB b" },
    });
    expect(JSON.parse(read("network_data.json"))).toMatchObject({
      links: [{ id: "eth0", ethernet_mac_address: macOf(droplet.number) }],
      networks: [{ link: "eth0", ip_address: "169.254.10.15", routes: [{ gateway: "169.254.0.2" }] }],
      services: [{ type: "dns", address: "169.254.0.3" }],
    });
    expect(JSON.parse(read("vendor_data.json"))).toEqual({
      "cloud-init": expect.stringContaining("disable_root") as unknown,
    });
    expect(read("user_data")).toBe(droplet.request.userData);
    expect(statSync(folder).mode & 0o077).toBe(0);
  });

  it("is not there unless it is asked for", async () => {
    expect((await start(false)).folder).toBeUndefined();
  });
});
