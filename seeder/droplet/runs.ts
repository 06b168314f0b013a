/** The runs of one program: droplets of the same hosts, opened by the same tokens, share one and are asked for together. */
import { setTimeout as sleep } from "node:timers/promises";
import { BootseedError } from "@bootseed/protocol";
import * as pulumi from "@pulumi/pulumi";
import { Gathering } from "../mint-client/gathering.ts";
import { MintClient } from "../mint-client/client.ts";
import { parseEndpoint } from "../mint-client/endpoint.ts";
import { mintTransport } from "../mint-client/transport.ts";
import { HostCredentials, type Opening } from "./host-credentials.ts";
import { programHosts, type Surroundings } from "./program-hosts.ts";
import type { SeedSource } from "./seed-source.ts";
import { SeedRun } from "./seed-run.ts";

/** A host that cannot be opened fails when it is asked, as one that is away. */
function clientOf(url: string, { problem, ...credentials }: Opening): MintClient {
  const transport = mintTransport(url, credentials);
  const { shown } = transport;
  const refuse = (): never => {
    throw new BootseedError("usage", `host ${shown}: ${problem}`);
  };
  return new MintClient(problem === undefined ? transport : { ...transport, headers: refuse });
}

export class ProgramRuns {
  /** Droplets that the program has declared: announce each, so that the hosts are told of all together. */
  readonly telling: Gathering = new Gathering();
  readonly #around: Surroundings;
  readonly #credentials: HostCredentials;
  /** `org/project/stack`, as hosts know it. */
  readonly stack: string = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  readonly #runs = new Map<string, SeedRun>();

  /** @param around of the program that runs now */
  constructor(around: Surroundings) {
    this.#around = around;
    this.#credentials = new HostCredentials(around);
  }

  /** Those that were asked for a seed in this run. */
  all(): readonly SeedRun[] {
    return [...this.#runs.values()];
  }

  /** For the line that names the hosts, in preview too. @throws RunError for hosts that cannot be, or none */
  declare(source: SeedSource): void {
    try {
      this.#credentials.claim(programHosts(source, this.#around));
    } catch (error) {
      // The user's own mistake: Pulumi shows a RunError without a stack trace.
      throw error instanceof BootseedError ? new pulumi.RunError(error.message) : error;
    }
  }

  /** The run against hosts that were declared. Not for previews: tokens may not be known there. */
  async of(source: SeedSource): Promise<SeedRun> {
    const from = programHosts(source, this.#around);
    const openings = await Promise.all(
      from.hosts.map(async (url) => ({ url, opening: await this.#credentials.of(url, from) })),
    );
    // By the tokens' values: every droplet of a program may name an Output of its own.
    const key = JSON.stringify([openings, from.minHosts]);
    const known = this.#runs.get(key);
    if (known !== undefined) return known;
    const run = new SeedRun({
      hosts: openings.map(({ url, opening }) => ({ host: parseEndpoint(url).shown, client: clientOf(url, opening) })),
      minHosts: from.minHosts,
      stack: this.stack,
      warn: (message) => void pulumi.log.warn(message),
      now: Date.now,
      sleep: (ms) => sleep(ms),
      telling: this.telling,
    });
    this.#runs.set(key, run);
    return run;
  }
}
