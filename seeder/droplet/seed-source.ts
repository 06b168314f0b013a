/** Where a droplet's seed comes from and how it travels: the same words for `SeededDroplet` and for `seedStack`. */
import type * as pulumi from "@pulumi/pulumi";
import type { SeedHost } from "../mint-client/seed-hosts.ts";

export interface SeedSource {
  /**
   * The mint: `unix:///run/bootseed/mint.sock`, `https://HOST:PORT#sha256=PIN` or `ssh://USER@HOST`. A plain string:
   * reservations are asked for before any resource exists. Without `host` and `hosts` it is `bootseed:host` or
   * `bootseed:hosts` of the stack's configuration, then the environment's `BOOTSEED_HOST`.
   *
   * Over https the host asks for a token: `bootseed:token`, set with `pulumi config set --secret`, or the file that
   * `BOOTSEED_TOKEN_FILE` names. Neither a preview nor a run that creates nothing needs it.
   */
  host?: string;
  /**
   * Several independent hosts instead, at most 4: the VM mixes a seed of each, and one that is dead or lies weakens
   * nothing. A host may have a token of its own, or a file (0600) that holds it.
   *
   * @example hosts: ["unix:///run/bootseed-a/mint.sock", "unix:///run/bootseed-b/mint.sock"]
   * @example
   * hosts: [
   *   { url: "https://mint.example:7445#sha256=…", token: new pulumi.Config("acme").requireSecret("mintToken") },
   *   { url: "https://mint.example.org:7445#sha256=…", tokenFile: "/run/secrets/mint" },
   * ]
   */
  hosts?: (string | SeedHost<pulumi.Input<string>>)[];
  /** How many of `hosts` must give a seed, and must agree on the report: 1 to their number. Default: all. */
  minHosts?: number;
  /**
   * User-data whose leading text cloud-init does not know is refused (`"auto"`, the default), since cloud-init would
   * drop it with a warning; `"force"` sends it as it is.
   */
  wrap?: "auto" | "force";
  /** Limit on the whole user-data in bytes. Default 65,536, which is DigitalOcean's. */
  maxUserDataBytes?: number;
}

type Where = "host" | "hosts" | "minHosts";

/** The part that says from where. */
export const hostsOf = ({ host, hosts, minHosts }: { [K in Where]?: SeedSource[K] | undefined }): SeedSource => ({
  ...(host === undefined ? {} : { host }),
  ...(hosts === undefined ? {} : { hosts }),
  ...(minHosts === undefined ? {} : { minHosts }),
});
