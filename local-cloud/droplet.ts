import { imageJson, regionJson, sizeJson, type Size } from "./catalogue.ts";
import type { CreateRequest } from "./create-request.ts";
import type { Machine } from "./machine.ts";

/** What a droplet can be; `new` also covers waiting for another droplet's boot. */
type DropletStatus = "new" | "active" | "off";

/** Something that happened to a droplet; also written to stderr as one JSON line. */
export interface DropletEvent {
  /** ISO 8601 */
  readonly at: string;
  readonly event: "created" | "started" | "booted" | "boot-failed" | "stopped" | "rebooted" | "rebuilt" | "deleted";
  readonly message: string;
  /** last lines of the console, where something went wrong */
  readonly console?: string;
}

/** A droplet and what runs it. */
export interface Droplet {
  readonly id: number;
  /** which of the addresses from 127.77.0.1 is its own */
  readonly number: number;
  name: string;
  readonly request: CreateRequest;
  /** OpenSSH public keys for the metadata service */
  readonly publicKeys: readonly string[];
  /** folder with its disk, console and sockets */
  readonly dir: string;
  readonly createdAt: string;
  readonly tags: Set<string>;
  /** backups, ipv6, monitoring, private_networking: as asked for, so that a client sees no drift; nothing else comes of them here */
  readonly features: Set<string>;
  /** what the API shows */
  size: Size;
  /** slug */
  image: string;
  readonly events: DropletEvent[];
  status: DropletStatus;
  /** no change is possible while it is being created or deleted */
  locked: boolean;
  machine: Machine | undefined;
  /** of the last start: settles when its machine runs or is known not to */
  starting: Promise<void>;
  /** settles when a start that is under way has come to a machine or to nothing */
  launching: Promise<unknown> | undefined;
  /** why it is off, with what to do; null while all is well */
  error: string | null;
}

/** Its address on this machine: 127.77.0.1 to .254, then 127.77.1.1 and so on. */
export function addressOf(number: number): string {
  return `127.77.${Math.floor((number - 1) / 254)}.${((number - 1) % 254) + 1}`;
}

/** Its network card; every droplet has a network of its own, in which the card is all that tells them apart. */
export function macOf(number: number): string {
  const hex = number.toString(16).padStart(4, "0");
  return `52:54:00:77:${hex.slice(0, 2)}:${hex.slice(2)}`;
}

/**
 * The droplet as the API shows it, with every field that DigitalOcean's specification requires. A new one has no address yet, which is
 * also the documented answer to a create. The IPv6 address leads nowhere: QEMU's user network forwards IPv4 only.
 */
export function dropletJson(droplet: Droplet): Record<string, unknown> {
  const { size, image, number } = droplet;
  const { region, vpcUuid } = droplet.request;
  const addressed = droplet.status !== "new";
  const v4 = { ip_address: addressOf(number), netmask: "255.255.255.0", gateway: "127.77.0.254", type: "public" };
  const v6 = { ip_address: `fd77::${number.toString(16)}`, netmask: 64, gateway: "fd77::", type: "public" };
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size.memory,
    vcpus: size.vcpus,
    disk: size.disk,
    locked: droplet.locked,
    status: droplet.status,
    kernel: null,
    created_at: droplet.createdAt,
    features: [...droplet.features],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: imageJson(image),
    volume_ids: [],
    size: sizeJson(size),
    size_slug: size.slug,
    networks: { v4: addressed ? [v4] : [], v6: addressed && droplet.features.has("ipv6") ? [v6] : [] },
    region: regionJson(region),
    tags: [...droplet.tags],
    vpc_uuid: vpcUuid,
  };
}
