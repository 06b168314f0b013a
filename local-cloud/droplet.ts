import { imageJson, regionJson, sizeJson } from "./catalogue.ts";
import type { CreateRequest } from "./create-request.ts";
import type { Machine } from "./machine.ts";

/** What a droplet can be; `new` also covers waiting for another droplet's boot. */
type DropletStatus = "new" | "active" | "off";

/** Something that happened to a droplet; also written to stderr as one JSON line. */
export interface DropletEvent {
  /** ISO 8601 */
  readonly at: string;
  readonly event: "created" | "started" | "booted" | "boot-failed" | "stopped" | "rebooted" | "deleted";
  readonly message: string;
  /** last lines of the console, where something went wrong */
  readonly console?: string;
}

/** A droplet and what runs it. */
export interface Droplet {
  readonly id: number;
  /** the n of its address 127.77.0.n */
  readonly number: number;
  name: string;
  readonly request: CreateRequest;
  /** OpenSSH public keys for the metadata service */
  readonly publicKeys: readonly string[];
  /** folder with its disk, console and sockets */
  readonly dir: string;
  readonly createdAt: string;
  readonly tags: Set<string>;
  readonly events: DropletEvent[];
  status: DropletStatus;
  /** no change is possible while it is being created or deleted */
  locked: boolean;
  machine: Machine | undefined;
  /** settles when a start that is under way has come to a machine or to nothing */
  launching: Promise<unknown> | undefined;
  /** why it is off, with what to do; null while all is well */
  error: string | null;
}

/** Its address on this machine. */
export function addressOf(number: number): string {
  return `127.77.0.${number}`;
}

/** Its network card; every droplet has a network of its own, in which the card is all that tells them apart. */
export function macOf(number: number): string {
  return `52:54:00:77:00:${number.toString(16).padStart(2, "0")}`;
}

/** The droplet as the API shows it: every object that the official provider dereferences is there. */
export function dropletJson(droplet: Droplet): Record<string, unknown> {
  const { size, region, image, ignored } = droplet.request;
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
    features: ignored.filter((option) => option !== "ipv6"),
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: imageJson(image),
    volume_ids: [],
    size: sizeJson(size),
    size_slug: size.slug,
    networks: {
      v4: [
        { ip_address: addressOf(droplet.number), netmask: "255.255.255.0", gateway: "127.77.0.254", type: "public" },
      ],
      v6: [],
    },
    region: regionJson(region),
    tags: [...droplet.tags],
    vpc_uuid: "",
  };
}
