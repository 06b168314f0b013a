/**
 * `SeededDroplet`: a droplet that starts with a fresh seed and whose authentic SSH host keys are outputs.
 *
 * There is no seed resource, because a seed kept as a resource's output is used again whenever only the droplet is
 * replaced. The fresh user-data goes in on every run and is ignored by a droplet that exists; the hook before create
 * commits the seed, so one seed never makes two machines. No delete hook: it would break plain `pulumi destroy`.
 */
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { addressesIn, addressOutputs } from "./addresses.ts";
import { programContext } from "./context.ts";
import { alsoUserData, ignoresUserData } from "./ignore-changes.ts";
import { knownHostsLines } from "./known-hosts.ts";
import { mockedDroplet, mockedOutputs, underMocks } from "./mocks.ts";
import { componentOptions, dropletOptions, type SeededDropletOptions } from "./options.ts";
import { type DropletReport, missingIn, type NoReport } from "./report.ts";
import { quickly } from "./quick-resource.ts";
import { reportInput } from "./report-input.ts";
import { DEFAULT_REPORT_TIMEOUT_MS } from "./seed-run.ts";
import { hostsOf, type SeedSource } from "./seed-source.ts";
import { DROPLET_TYPE } from "./droplet-type.ts";
import { COMPONENT_TYPE, urnBeforehand, urnInside } from "./types.ts";
import { after, registerOurs } from "./stack-transform.ts";
import { templateTriggerOf } from "./template-trigger.ts";
import { reserveFor, userDataInput } from "./user-data-input.ts";

/**
 * All of a droplet's arguments, and where its seed comes from. `userData` is the user's own document, of any kind that
 * cloud-init takes; it may be secret, and it may be unknown until another resource is there.
 */
export interface SeededDropletArgs extends digitalocean.DropletArgs, SeedSource {
  /** Port in the `knownHosts` lines. Default 22. */
  sshPort?: number;
  /** How long a run waits for the report of a droplet that it created, in seconds; 0 does not wait. Default 180. */
  reportTimeoutSeconds?: number;
}

/**
 * @example <caption>A droplet and its keys</caption>
 * const web = new SeededDroplet("web", {
 *   host: "unix:///run/bootseed/mint.sock",
 *   image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb",
 *   userData: "#cloud-config\npackages: [nginx]\n",
 * });
 * export const knownHosts = web.knownHosts;
 *
 * @example <caption>A droplet that stood on its own is moved in, not replaced</caption>
 * new SeededDroplet("web", args, { aliases: [{ parent: pulumi.rootStackResource }] });
 *
 * @example <caption>VPC, tags, firewall, reserved address: `.droplet` is the real resource</caption>
 * const vpc = new digitalocean.Vpc("net", { region: "ams3" });
 * const web = new SeededDroplet("web", { ...args, vpcUuid: vpc.id, tags: ["web"] });
 * new digitalocean.Firewall("web", {
 *   dropletIds: [web.droplet.id.apply(Number)],
 *   inboundRules: [{ protocol: "tcp", portRange: "22", sourceAddresses: ["203.0.113.0/24"] }],
 *   // Without these nothing leaves the droplet: it could neither claim its seed nor report its keys.
 *   outboundRules: ["tcp", "udp"].map((protocol) => ({ protocol, portRange: "1-65535", destinationAddresses: ["0.0.0.0/0"] })),
 * });
 * const address = new digitalocean.ReservedIp("web", { region: "ams3", dropletId: web.droplet.id.apply(Number) });
 * // The reserved address has the same keys:
 * export const lines = pulumi.all([address.ipAddress, web.sshHostKeys]).apply(([ip, keys]) => knownHostsLines([ip], keys));
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
  /**
   * What the hosts notice about this VM and `bootseed wait` ends with 65 for, asked in every `up`: clones, another
   * machine in its place, its seed used elsewhere. Empty is good.
   */
  readonly alarms: pulumi.Output<string[]>;

  /**
   * @param name of the component, of its droplet, and in messages
   * @param args the droplet's arguments and where its seed comes from
   * @param opts options of a component, and those of the droplet that are passed on to it
   * @throws RunError when no host, too many hosts or an impossible `minHosts` is named
   */
  constructor(name: string, args: SeededDropletArgs, opts: SeededDropletOptions = {}) {
    super(COMPONENT_TYPE, name, {}, componentOptions(name, opts));
    const { host, hosts, minHosts, sshPort, wrap, maxUserDataBytes, reportTimeoutSeconds, userData, ...dropletArgs } =
      args;
    if (underMocks()) {
      const own = userData === undefined ? dropletArgs : { ...dropletArgs, userData };
      this.droplet = mockedDroplet(this, name, own, opts);
      ({
        knownHosts: this.knownHosts,
        sshHostKeys: this.sshHostKeys,
        seedId: this.seedId,
        evidence: this.evidence,
        alarms: this.alarms,
      } = mockedOutputs());
      return;
    }
    const context = programContext();
    const source = hostsOf({ host, hosts, minHosts });
    context.runs.declare(source);
    if (!context.dryRun) context.runs.telling.expect();
    const urn = urnInside(this, name);
    const options = { kit: context.kit, wrap, maxBytes: maxUserDataBytes };
    // Where bootseed's transform does not run, in the plugin for other languages, the user-data is rendered here.
    const inPlugin = pulumi.runtime.getStackResource() === undefined;
    // At once, not when the template is known or what it depends on is there: all droplets of a run ask together. A plain
    // promise, because an Output would take a Uint8Array apart, and a seed has no business in Outputs anyway.
    const early = urnBeforehand(DROPLET_TYPE, name, this);
    const reserved = reserveFor(context, early ?? urn, source);
    // The user's own edits must still replace the droplet, which ignoreChanges would hide; unless they asked for that.
    // The engine forbids to replace what still says `import`.
    const fixed = ignoresUserData(opts) || opts.import !== undefined;
    const inside = { source, options, document: userData, fixed };
    if (early !== undefined) context.inside.set(early, inside);
    else void urn.then((known) => context.inside.set(known, inside));
    const passed = dropletOptions(opts);
    const dropletOpts: pulumi.CustomResourceOptions = {
      // The provider deletes a named droplet first when it is replaced. Then a seed refused at the last moment would
      // cost the old droplet. DigitalOcean allows two of one name.
      deleteBeforeReplace: false,
      ...passed,
      parent: this,
      ignoreChanges: alsoUserData(opts),
      additionalSecretOutputs: [...new Set([...(passed.additionalSecretOutputs ?? []), "userData"])],
      // Last, so that a hook of the user's that refuses costs no seed.
      hooks: { ...passed.hooks, beforeCreate: [...(passed.hooks?.beforeCreate ?? []), context.commit] },
      ...triggerOf(opts, userData, fixed),
      ...(inPlugin ? {} : { dependsOn: after(registerOurs(context), undefined) }),
    };
    const rendered = (): pulumi.Input<string> =>
      pulumi.secret(
        pulumi.all([userData, args.image]).apply(async ([document, image]) => {
          const droplet = { urn: await urn, name, image, document };
          return (await userDataInput(context, droplet, options, reserved)).value;
        }),
      );
    const own = inPlugin ? rendered() : userData;
    // Named functions, since the SDK finds no place in the program for one without a name.
    const makeDroplet = (): digitalocean.Droplet =>
      new digitalocean.Droplet(name, { ...dropletArgs, ...(own === undefined ? {} : { userData: own }) }, dropletOpts);
    const droplet = quickly(makeDroplet);
    this.droplet = droplet;

    const timeoutMs = reportTimeoutSeconds === undefined ? DEFAULT_REPORT_TIMEOUT_MS : reportTimeoutSeconds * 1000;
    const { input, alarms } = reportInput(droplet, urn, name, () => context.runs.of(source), timeoutMs);
    this.alarms = alarms;
    const stashOpts: pulumi.CustomResourceOptions = {
      parent: droplet,
      ignoreChanges: ["input"],
      replacementTrigger: droplet.id,
      hooks: { beforeCreate: [context.needReport] },
    };
    const makeStash = (): pulumi.Stash => new pulumi.Stash(`${name}-report`, { input }, stashOpts);
    const stash = quickly(makeStash);
    // In preview a report that has not come is the placeholder itself: unknown, like everything that up will bring.
    const report = stash.output.apply((value: DropletReport | NoReport) =>
      missingIn(value) === undefined ? value : (pulumi.unknown as unknown),
    ) as pulumi.Output<DropletReport>;
    this.sshHostKeys = report.apply((r) => r.sshHostKeys);
    this.seedId = report.apply((r) => r.seedId);
    this.evidence = report.apply((r): Record<string, unknown> => ({ verdict: r.verdict, ...r.evidence }));
    // What is no address was warned of where the host was told.
    this.knownHosts = pulumi
      .output({ keys: this.sshHostKeys, ...addressOutputs(droplet) })
      .apply(({ keys, ...addresses }) =>
        knownHostsLines(
          addressesIn(addresses, () => undefined),
          keys,
          sshPort,
        ),
      );
    this.registerOutputs({
      knownHosts: this.knownHosts,
      sshHostKeys: this.sshHostKeys,
      seedId: this.seedId,
      evidence: this.evidence,
      alarms: this.alarms,
    });
  }
}

/** A template that is not to change anything, and a trigger of the user's own, in one; the engine forbids to replace what still says `import`. */
function triggerOf(
  { replacementTrigger: own, import: imported }: SeededDropletOptions,
  userData: pulumi.Input<string | undefined>,
  fixed: boolean,
): pulumi.CustomResourceOptions {
  if (!fixed) return { replacementTrigger: templateTriggerOf(userData, own) };
  return own === undefined || imported !== undefined ? { replacementTrigger: undefined } : { replacementTrigger: own };
}
