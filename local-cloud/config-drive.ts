import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { macOf, type Droplet } from "./droplet.ts";
import { GUEST_NETWORK, VENDOR_DATA } from "./metadata.ts";

/**
 * Writes what a droplet's config drive holds: OpenStack's layout on a disk labelled `config-2`. On DigitalOcean every droplet has one, and
 * cloud-init takes it before the metadata service. The instance id is the droplet's id in both.
 *
 * @returns the folder, 0700, which QEMU shows as a FAT disk
 */
export function writeConfigDrive(droplet: Droplet): string {
  const folder = join(droplet.dir, "config-2");
  const latest = join(folder, "openstack", "latest");
  mkdirSync(latest, { recursive: true, mode: 0o700 });
  const json = (name: string, value: unknown): void => writeFileSync(join(latest, name), JSON.stringify(value));
  json("meta_data.json", {
    uuid: String(droplet.id),
    instance_id: String(droplet.id),
    hostname: droplet.name,
    availability_zone: droplet.request.region,
    public_keys: Object.fromEntries(droplet.publicKeys.map((key, index) => [String(index), key])),
  });
  json("network_data.json", networkData(droplet));
  json("vendor_data.json", { "cloud-init": VENDOR_DATA });
  if (droplet.request.userData !== undefined) writeFileSync(join(latest, "user_data"), droplet.request.userData);
  return folder;
}

/** The droplet's one card, in OpenStack's words. */
function networkData(droplet: Droplet): Record<string, unknown> {
  const { guest, host, dns } = GUEST_NETWORK;
  const routes = [{ network: "0.0.0.0", netmask: "0.0.0.0", gateway: host }];
  return {
    links: [{ id: "eth0", type: "phy", ethernet_mac_address: macOf(droplet.number) }],
    networks: [{ id: "public", link: "eth0", type: "ipv4", ip_address: guest, netmask: "255.255.0.0", routes }],
    services: [{ type: "dns", address: dns }],
  };
}
