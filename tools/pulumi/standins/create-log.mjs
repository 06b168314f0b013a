// Part of the stand-in provider: the line that terraform-provider-digitalocean 2.96.0 logs before each create, whatever
// TF_LOG says (digitalocean/droplet/resource_droplet.go: `log.Printf("[DEBUG] Droplet create configuration: %#v", opts)`).
// The official plugin hands it to the engine as a debug diagnostic, user-data in clear.

/** @typedef {Record<string, any>} Props */

/** @param {string} text @returns {string} a string in Go's source */
const quoted = (text) =>
  JSON.stringify(text)
    .replaceAll("\u007f", "\\x7f")
    .replace(/\\u00([01][0-9a-f])/g, "\\x$1");
/** @param {string} type @param {string[] | undefined} items in Go's source @param {string} [empty] */
const slice = (type, items, empty = `${type}(nil)`) => (items?.length ? `${type}{${items.join(", ")}}` : empty);

/**
 * @param {Props} inputs of the droplet, without the engine's wrapping
 * @returns {string} `opts` of type *godo.DropletCreateRequest (godo 1.200) as Go's %#v prints it
 */
export function createConfiguration(inputs) {
  const key = (/** @type {string} */ one) =>
    /^\d+$/.test(one)
      ? `godo.DropletCreateSSHKey{ID:${one}, Fingerprint:""}`
      : `godo.DropletCreateSSHKey{ID:0, Fingerprint:${quoted(one)}}`;
  const [id, slug] = /^\d+$/.test(inputs["image"]) ? [inputs["image"], ""] : ["0", String(inputs["image"])];
  const fields = {
    Name: quoted(inputs["name"]),
    Region: quoted(inputs["region"] ?? ""),
    Size: quoted(inputs["size"]),
    Image: `godo.DropletCreateImage{ID:${id}, Slug:${quoted(slug)}}`,
    SSHKeys: slice("[]godo.DropletCreateSSHKey", inputs["sshKeys"]?.map(key)),
    Backups: Boolean(inputs["backups"]),
    IPv6: Boolean(inputs["ipv6"]),
    PrivateNetworking: false,
    Monitoring: Boolean(inputs["monitoring"]),
    UserData: quoted(inputs["userData"] ?? ""),
    Volumes: slice("[]godo.DropletCreateVolume", undefined),
    Tags: slice("[]string", inputs["tags"]?.map(quoted), "[]string{}"),
    VPCUUID: quoted(inputs["vpcUuid"] ?? ""),
    WithDropletAgent: "(*bool)(nil)",
    BackupPolicy: "(*godo.DropletBackupPolicyRequest)(nil)",
    PublicNetworking: "(*bool)(nil)",
  };
  const text = Object.entries(fields).map(([name, value]) => `${name}:${value}`);
  return `[DEBUG] Droplet create configuration: &godo.DropletCreateRequest{${text.join(", ")}}`;
}
