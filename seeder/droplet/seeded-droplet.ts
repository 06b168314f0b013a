/**
 * `SeededDroplet`: a droplet that starts with a fresh seed and whose authentic SSH host keys are outputs.
 *
 * There is no seed resource, because a seed kept as a resource's output is used again whenever only the droplet is
 * replaced. The fresh user-data goes in on every run and is ignored by a droplet that exists; the hook before create
 * commits the seed, so one seed never makes two machines. No delete hook: it would break plain `pulumi destroy`.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { seedHosts } from "../mint-client/seed-hosts.ts";
import { loadKit } from "../render/kit.ts";
import { type ProgramContext, programContext } from "./context.ts";
import { knownHostsLines } from "./known-hosts.ts";
import { type DropletReport, missingIn, type NoReport, noReport } from "./report.ts";
import { DEFAULT_REPORT_TIMEOUT_MS, type Reserved, type SeedRun } from "./seed-run.ts";
import { templateHash, userDataOutput } from "./user-data.ts";

const COMPONENT_TYPE = "bootseed:index:SeededDroplet";
const DROPLET_TYPE = "digitalocean:index/droplet:Droplet";

/** All of a droplet's arguments, and where its seed comes from. */
export interface SeededDropletArgs extends digitalocean.DropletArgs {
  /** The mint, `unix:///run/bootseed/mint.sock`. A plain string: reservations are asked for before any resource exists. */
  host?: string;
  /** Several independent hosts instead, at most 4: the VM mixes a seed of each, and one that is dead or lies weakens nothing. */
  hosts?: string[];
  /** How many of `hosts` must give a seed, and must agree on the report; default all. */
  minHosts?: number;
  /** Port in the `knownHosts` lines, default 22. */
  sshPort?: number;
  /** `"force"` passes user-data on whose leading text cloud-init does not know. */
  wrap?: "auto" | "force";
  /** Limit on the whole user-data in bytes, default 65,536. */
  maxUserDataBytes?: number;
  /** How long a run waits for the report of a droplet that it created, in seconds, default 180. */
  reportTimeoutSeconds?: number;
}

/** Options of the droplet that the component passes on to it; on a component the engine would only warn about them. */
const PASSED_ON = ["ignoreChanges", "replaceOnChanges", "customTimeouts", "deleteBeforeReplace", "aliases"] as const;

export type SeededDropletOptions = pulumi.ComponentResourceOptions &
  Pick<pulumi.CustomResourceOptions, "deleteBeforeReplace">;

/**
 * @example
 * const web = new SeededDroplet("web", {
 *   host: "unix:///run/bootseed/mint.sock",
 *   image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb",
 *   userData: "#cloud-config\npackages: [nginx]\n",
 * });
 * export const knownHosts = web.knownHosts;
 */
export class SeededDroplet extends pulumi.ComponentResource {
  /** The real resource: firewalls, reserved addresses and volumes refer to it as ever. */
  readonly droplet: digitalocean.Droplet;
  /** Lines for a `known_hosts` file, one per address and key. */
  readonly knownHosts: pulumi.Output<string>;
  /** The host's public keys as OpenSSH lines, signed by a secret that only this VM was given. */
  readonly sshHostKeys: pulumi.Output<string[]>;
  /** 32 hex digits; empty for a droplet that was created without a seed. */
  readonly seedId: pulumi.Output<string>;
  /** What the VM reported: verdict, return codes, kernel, timeline. */
  readonly evidence: pulumi.Output<Record<string, unknown>>;

  constructor(name: string, args: SeededDropletArgs, opts: SeededDropletOptions = {}) {
    super(COMPONENT_TYPE, name, {}, withoutPassedOn(opts));
    const context = programContext();
    const { host, hosts, minHosts, sshPort, wrap, maxUserDataBytes, reportTimeoutSeconds, userData, ...dropletArgs } =
      args;
    const from = seedHosts({ host, hosts, minHosts });
    const run = context.runFor(from.hosts, from.minHosts);
    const template = pulumi.output(userData);
    const urn = pulumi.createUrn(name, DROPLET_TYPE, this);
    // At once, not when the template is known: all droplets of a run ask together.
    const reserved = pulumi.runtime.isDryRun() ? undefined : reservationFor(urn, context, run);
    const reserve = (): Promise<Reserved> => reserved ?? Promise.reject(new Error("a preview reserves nothing"));

    // The user's own edits must still replace the droplet, which ignoreChanges would hide; unless they asked for that.
    const ignoredByUser = opts.ignoreChanges?.includes("userData") === true;
    this.droplet = new digitalocean.Droplet(
      name,
      {
        ...dropletArgs,
        userData: userDataOutput(this, name, template, { kit: loadKit(), wrap, maxBytes: maxUserDataBytes }, reserve),
      },
      {
        // The provider deletes a named droplet first when it is replaced. Then a seed refused at the last moment would
        // cost the old droplet. DigitalOcean allows two of one name.
        deleteBeforeReplace: false,
        ...passedOn(opts),
        parent: this,
        ignoreChanges: [...(opts.ignoreChanges ?? []).filter((path) => path !== "userData"), "userData"],
        additionalSecretOutputs: ["userData"],
        hooks: { beforeCreate: [context.commit] },
        ...(ignoredByUser ? {} : { replacementTrigger: template.apply(templateHash) }),
      },
    );

    const timeoutMs = reportTimeoutSeconds === undefined ? DEFAULT_REPORT_TIMEOUT_MS : reportTimeoutSeconds * 1000;
    const stash = new pulumi.Stash(
      `${name}-report`,
      { input: reportInput(this.droplet, urn, name, run, timeoutMs) },
      {
        parent: this.droplet,
        ignoreChanges: ["input"],
        replacementTrigger: this.droplet.id,
        hooks: { beforeCreate: [context.needReport] },
      },
    );
    // In preview a report that has not come is the placeholder itself: unknown, like everything that up will bring.
    const report = stash.output.apply((value: DropletReport | NoReport) =>
      missingIn(value) === undefined ? value : (pulumi.unknown as unknown),
    ) as pulumi.Output<DropletReport>;
    this.sshHostKeys = report.apply((r) => r.sshHostKeys);
    this.seedId = report.apply((r) => r.seedId);
    this.evidence = report.apply((r): Record<string, unknown> => ({ verdict: r.verdict, ...r.evidence }));
    this.knownHosts = pulumi
      .all([addressesOf(this.droplet), this.sshHostKeys])
      .apply(([addresses, keys]) => knownHostsLines(addresses, keys, sshPort));
    this.registerOutputs({
      knownHosts: this.knownHosts,
      sshHostKeys: this.sshHostKeys,
      seedId: this.seedId,
      evidence: this.evidence,
    });
  }
}

function reservationFor(urn: pulumi.Output<string>, context: ProgramContext, run: SeedRun): Promise<Reserved> {
  return new Promise((resolve) => {
    urn.apply((dropletUrn) => {
      context.owners.set(dropletUrn, run);
      void run.reserve(dropletUrn).then(resolve);
    });
  });
}

function withoutPassedOn(opts: SeededDropletOptions): pulumi.ComponentResourceOptions {
  const kept: Record<string, unknown> = { ...opts };
  for (const key of PASSED_ON) if (key !== "aliases") delete kept[key];
  return kept;
}

/** Aliases go to both: a droplet that stood on its own before is found by `{ parent: pulumi.rootStackResource }`. */
function passedOn(opts: SeededDropletOptions): pulumi.CustomResourceOptions {
  return Object.fromEntries(PASSED_ON.filter((key) => opts[key] !== undefined).map((key) => [key, opts[key]]));
}

const addressesOf = (droplet: digitalocean.Droplet): pulumi.Output<string[]> =>
  pulumi
    .all([droplet.ipv4Address, droplet.ipv4AddressPrivate, droplet.ipv6Address])
    .apply((addresses) => addresses.filter((address) => typeof address === "string" && address !== ""));

/** Asks the host in every run that is not a preview, so that what was lost is repeated. */
function reportInput(
  droplet: digitalocean.Droplet,
  urn: pulumi.Output<string>,
  name: string,
  run: SeedRun,
  timeoutMs: number,
): pulumi.Output<DropletReport | NoReport> {
  // Ephemeral: a line that the engine's display replaces, nothing for its log.
  const progress = (line: string): void => void pulumi.log.info(line, droplet, undefined, true);
  return pulumi.all([droplet.id, urn, addressesOf(droplet)]).apply(async ([instanceId, dropletUrn, addresses]) => {
    if (pulumi.runtime.isDryRun()) return noReport("a preview asks no host");
    return run.report({ urn: dropletUrn, name, instanceId, addresses }, timeoutMs, progress);
  });
}
