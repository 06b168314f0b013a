/** Where a droplet's seed comes from and how it travels: the same words for `SeededDroplet` and for `seedStack`. */
import type { SeedHostsInput } from "../mint-client/seed-hosts.ts";

export interface SeedSource {
  /**
   * The mint, `unix:///run/bootseed/mint.sock`. A plain string: reservations are asked for before any resource exists.
   * Either this or `hosts` is needed.
   */
  host?: NonNullable<SeedHostsInput["host"]>;
  /**
   * Several independent hosts instead, at most 4: the VM mixes a seed of each, and one that is dead or lies weakens
   * nothing.
   *
   * @example hosts: ["unix:///run/bootseed-a/mint.sock", "unix:///run/bootseed-b/mint.sock"]
   */
  hosts?: [...NonNullable<SeedHostsInput["hosts"]>];
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

/** The part that says from where. */
export const hostsOf = ({ host, hosts, minHosts }: SeedSource): SeedHostsInput => ({ host, hosts, minHosts });
