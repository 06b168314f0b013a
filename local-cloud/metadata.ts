import { macOf, type Droplet } from "./droplet.ts";

/** The guest's own view of its network: QEMU's user network in the link-local range, where cloud-init looks for the metadata service. */
export const GUEST_NETWORK: { network: string; host: string; dns: string; guest: string; metadata: string } = {
  network: "169.254.0.0/16",
  /** this machine's loopback, seen from the guest */
  host: "169.254.0.2",
  dns: "169.254.0.3",
  guest: "169.254.10.15",
  metadata: "169.254.169.254",
};

/** As on DigitalOcean, where root logs in with the droplet's keys; Debian's own default is another user. */
export const VENDOR_DATA = "#cloud-config\ndisable_root: false\nmanage_etc_hosts: true\n";

/** An HTTP answer of the metadata service. */
export interface MetadataAnswer {
  readonly status: 200 | 404 | 405;
  readonly type: string;
  readonly body: string;
}

/** The document at /metadata/v1.json. `dns` and `interfaces` are required by cloud-init, and `mac` must be the card's. */
function metadataDocument(droplet: Droplet): Record<string, unknown> {
  return {
    droplet_id: droplet.id,
    hostname: droplet.name,
    vendor_data: VENDOR_DATA,
    ...(droplet.request.userData === undefined ? {} : { user_data: droplet.request.userData }),
    public_keys: droplet.publicKeys,
    region: droplet.request.region,
    interfaces: {
      public: [
        {
          type: "public",
          mac: macOf(droplet.number),
          ipv4: { ip_address: GUEST_NETWORK.guest, netmask: "255.255.0.0", gateway: GUEST_NETWORK.host },
        },
      ],
    },
    dns: { nameservers: [GUEST_NETWORK.dns] },
    features: { dhcp_enabled: false },
    tags: [...droplet.tags],
  };
}

/**
 * Answers one request to the metadata service: the whole document, or one leaf or folder of the text tree below /metadata/v1/.
 *
 * @example metadataAnswer("GET", "/metadata/v1/id", droplet) // 200, "123456789"
 */
export function metadataAnswer(method: string, path: string, droplet: Droplet): MetadataAnswer {
  if (method !== "GET" && method !== "HEAD") return text(405, "method not allowed\n");
  const document = metadataDocument(droplet);
  if (path === "/metadata/v1.json") return { status: 200, type: "application/json", body: JSON.stringify(document) };
  if (path !== "/metadata/v1" && !path.startsWith("/metadata/v1/")) return text(404, "not found\n");
  const { droplet_id: id, ...rest } = document;
  let node: unknown = { id, ...rest };
  for (const step of path.slice("/metadata/v1".length).split("/").filter(Boolean)) {
    const key = step.replaceAll("-", "_");
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, key)) return text(404, "not found\n");
    node = (node as Record<string, unknown>)[key];
  }
  return text(200, render(node));
}

/** A leaf as it is, a list of leaves one a line, a folder as its names, as on DigitalOcean: sub-folders end in a slash. */
function render(node: unknown): string {
  if (typeof node !== "object" || node === null) return String(node);
  if (Array.isArray(node))
    return node.map((item, index) => (typeof item === "object" ? `${index}/` : String(item))).join("\n");
  return Object.entries(node)
    .map(([key, value]) => key.replaceAll("_", "-") + (isFolder(value) ? "/" : ""))
    .join("\n");
}

function isFolder(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => typeof item === "object");
  return typeof value === "object" && value !== null;
}

function text(status: MetadataAnswer["status"], body: string): MetadataAnswer {
  return { status, type: "text/plain; charset=utf-8", body };
}
