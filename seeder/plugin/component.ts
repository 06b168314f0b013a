/**
 * `SeededDroplet` as every language of Pulumi sees it. Types only: the SDK's analyzer turns them into schema.json
 * (`node tools/package/schema.ts`), and a test holds the two together. No unions, which the analyzer refuses and Go and
 * Java do not have; no `droplet` output, which would need the digitalocean package of every language.
 */
import type { ComponentResource, ComponentResourceOptions, Input, Output } from "@pulumi/pulumi";

/** When backups are made. */
export interface BackupPolicy {
  /** `daily` or `weekly`. */
  plan?: Input<string>;
  /** Hour of the day, UTC: 0, 4, 8, 12, 16 or 20. */
  hour?: Input<number>;
  /** `SUN` to `SAT`, for weekly ones. */
  weekday?: Input<string>;
}

/** A droplet's arguments, and where its seed comes from. */
export interface SeededDropletArgs {
  /**
   * The mints, 1 to 4: `unix:///run/bootseed/mint.sock`, `https://HOST:PORT#sha256=PIN` or `ssh://USER@HOST`. Without
   * it `bootseed:host` or `bootseed:hosts` of the stack's configuration, then `BOOTSEED_HOST` of the environment.
   */
  hosts?: string[];
  /** Opens the one `https://` host of `hosts`. Without it `bootseed:token` of the stack's configuration. */
  token?: Input<string>;
  /** How many of `hosts` must give a seed, and must agree on the report. Default: all. */
  minHosts?: number;
  /** `force` sends user-data of a kind that cloud-init does not know; `auto`, the default, refuses it. */
  wrap?: string;
  /** Limit on the whole user-data in bytes. Default 65,536. */
  maxUserDataBytes?: number;
  /** Port in the `knownHosts` lines. Default 22. */
  sshPort?: number;
  /** How long a run waits for the report of a droplet that it created, in seconds; 0 does not wait. Default 180. */
  reportTimeoutSeconds?: number;
  /** Slug or id of the image. */
  image: Input<string>;
  /** Slug of the size. */
  size: Input<string>;
  /** Slug of the region. */
  region?: Input<string>;
  /** Name of the droplet. Default: that of the resource and a random suffix. */
  name?: Input<string>;
  /** The user's own user-data, of any kind that cloud-init takes. */
  userData?: Input<string>;
  /** Ids or fingerprints of the SSH keys that may log in. */
  sshKeys?: Input<Input<string>[]>;
  tags?: Input<Input<string>[]>;
  volumeIds?: Input<Input<string>[]>;
  vpcUuid?: Input<string>;
  backups?: Input<boolean>;
  backupPolicy?: Input<BackupPolicy>;
  monitoring?: Input<boolean>;
  ipv6?: Input<boolean>;
  ipv6Address?: Input<string>;
  publicNetworking?: Input<boolean>;
  /** Whether a resize may grow the disk, which cannot be undone. */
  resizeDisk?: Input<boolean>;
  dropletAgent?: Input<boolean>;
  gracefulShutdown?: Input<boolean>;
  gpuPartitionMode?: Input<string>;
}

/** A droplet that starts with a fresh seed and whose authentic SSH host keys are outputs. */
export declare class SeededDroplet extends ComponentResource {
  /** Lines for a known_hosts file, one per address and key. */
  readonly knownHosts: Output<string>;
  /** The host's public keys as OpenSSH lines, signed by a secret that only this VM was given. */
  readonly sshHostKeys: Output<string[]>;
  /** 32 hex digits; empty for a droplet that was created without a seed. */
  readonly seedId: Output<string>;
  /** `reseeded` is the good one. */
  readonly verdict: Output<string>;
  /** What the VM reported, as JSON: return codes, kernel, timeline. */
  readonly evidenceJson: Output<string>;
  /** What the hosts notice about this VM: clones, another machine in its place, its seed used elsewhere. Empty is good. */
  readonly alarms: Output<string[]>;
  /** The droplet's id, for firewalls, reserved addresses and volumes. */
  readonly dropletId: Output<string>;
  readonly dropletUrn: Output<string>;
  readonly ipv4Address: Output<string>;
  readonly ipv4AddressPrivate: Output<string>;
  readonly ipv6Address: Output<string>;
  constructor(name: string, args: SeededDropletArgs, opts?: ComponentResourceOptions);
}
