/**
 * A stack on the real engine, the real host, and the shipped kit in every droplet: each row is one act with its seeds counted from end to
 * end. Only the cloud between them is a mock, of which local-cloud's API is the real one.
 */
import { parseSeedFile, toHex } from "@bootseed/protocol";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { HostProcess } from "../../loopback/host-process.ts";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { MintClient } from "../../../seeder/mint-client/client.ts";
import type { FleetDroplet } from "../fleet.ts";
import { KitVms, seedIn } from "../kit-vms.ts";
import { Workbench } from "../workbench.ts";
import { expectNothingElse, expectOneEnrolledEach, expectSeeded, type Made } from "./invariants.ts";
import { outcomeOf } from "./outcome.ts";
import { knownIn, type Snapshot } from "./snapshot.ts";
import { type Counts, expectInDocs, type Row } from "./table.ts";

/** For `describe.skipIf(!present)`. */
export const present: boolean = KIT_PYTHON;

const BARRIER = "matrix/barrier/";
const claimedIn = ({ host }: Snapshot): string[] =>
  [...host.values()].filter(({ state }) => state === "claimed" || state === "reported").map(({ seedId }) => seedId);
const seedIdIn = (userData: string): string | undefined =>
  userData.includes("\nBOOTSEED=") ? toHex(parseSeedFile(seedIn(userData))[0]?.seedId ?? new Uint8Array()) : undefined;

export class MatrixBench implements AsyncDisposable {
  readonly bench: Workbench;
  readonly host: HostProcess;
  readonly machines: KitVms = new KitVms();
  /** Every droplet that the cloud ever made. */
  readonly made: Made[] = [];
  /** Names of droplets that are to have no seed: those of a program that has not adopted us. */
  readonly unseeded: Set<string> = new Set();
  readonly #rows: Row[] = [];
  #lastHost: Snapshot["host"] = new Map();
  #barriers = 0;
  #failed = false;

  private constructor(bench: Workbench, host: HostProcess) {
    this.bench = bench;
    this.host = host;
    bench.api.onCreate = (droplet) => {
      const seedId = seedIdIn(droplet.userData);
      this.made.push({ id: droplet.id, name: droplet.name, seedId });
      if (seedId !== undefined) this.machines.boot(droplet);
    };
  }

  /** @param program relative to the root; by default one whose droplets `declare` sets */
  static async open(program: string = "tests/engine/programs/fleet.ts"): Promise<MatrixBench> {
    const host = await HostProcess.make();
    await host.start();
    const matrix = new MatrixBench(await Workbench.open(program), host);
    await matrix.set({ host: matrix.mint });
    return matrix;
  }

  get mint(): string {
    return `unix://${this.host.mintSocket}`;
  }

  async set(values: Record<string, string>, ...args: string[]): Promise<void> {
    for (const [key, value] of Object.entries(values))
      await this.bench.must("config", "set", `bootseed:${key}`, value, ...args);
  }

  /** The program's droplets from now on. @param droplets SeededDroplets, unless they say `where` they stand */
  declare(...droplets: FleetDroplet[]): Promise<void> {
    return this.set({ fleet: JSON.stringify(droplets.map((one) => ({ where: "seeded", ...one }))) });
  }

  /**
   * Acts, counts, compares, holds what must always hold, and records what was measured.
   *
   * @param what the user does, as the table says it
   * @param droplet what becomes of the subjects: a word of `outcomeOf`, which is measured, and after `: ` what else the act itself holds
   * @param subjects names of the droplets that the act is about; nothing else may change
   */
  async row(
    what: string,
    expected: Counts,
    droplet: string,
    act: () => Promise<unknown>,
    subjects: readonly string[] = ["web"],
  ): Promise<void> {
    const wasFailed = this.#failed;
    this.#failed = true;
    const before = await this.snapshot();
    await this.#reservedSince();
    const madeBefore = this.made.length;
    this.machines.resume((id) => this.bench.api.droplets.has(id));
    await act();
    await this.machines.rest();
    const after = await this.snapshot();
    // What is made between two rows is no row's, and waits for its report all the same.
    this.machines.admitNew();
    const claimedBefore = new Set(claimedIn(before));
    const measured: Counts = {
      reserved: await this.#reservedSince(),
      committed: [...after.host.keys()].filter((seedId) => !before.host.has(seedId)).length,
      used: new Set(this.made.slice(madeBefore).flatMap(({ seedId }) => seedId ?? [])).size,
      claimed: claimedIn(after).filter((seedId) => !claimedBefore.has(seedId)).length,
    };
    const outcome = outcomeOf(subjects, before, after);
    expect({ ...measured, droplet: outcome }).toEqual({ ...expected, droplet: droplet.split(": ")[0] });
    expectSeeded(this.made, after.host, this.unseeded);
    expectOneEnrolledEach(this.made, this.machines.vms, after.host);
    expectNothingElse(subjects, before, after);
    this.#rows.push({ what, ...measured, droplet: outcome + droplet.slice(outcome.length) });
    this.#failed = wasFailed;
  }

  /** Compares the rows of this file with the section of docs/pulumi.md; to be called last, in an `it` of its own. @param file `import.meta.filename` */
  async expectInDocs(section: string, file: string): Promise<void> {
    if (this.#failed) throw new Error("a row above failed: this run makes no table");
    await expectInDocs(section, this.#rows, file);
  }

  /** A host that is away knows what it knew. */
  async snapshot(): Promise<Snapshot> {
    if (this.host.alive) this.#lastHost = new Map((await this.host.vms()).map((vm) => [vm.seedId, vm]));
    const cloud = new Map(this.bench.api.droplets);
    return { cloud, host: this.#lastHost, known: knownIn(join(this.bench.dir, "state")) };
  }

  #read = 0;
  /** Seeds that the host's log says were given out since the last call; a reservation of our own marks where the log is to end. */
  async #reservedSince(): Promise<number> {
    const mark = `${BARRIER}${++this.#barriers}`;
    if (this.host.alive) {
      await new MintClient(this.mint).reserve(mark, ["urn:barrier"]);
      while (!this.host.log.includes(`"${mark}"`)) await sleep(5);
    }
    const lines = this.host.log.slice(this.#read).split("\n").slice(0, -1);
    this.#read += lines.reduce((sum, line) => sum + line.length + 1, 0);
    return lines
      .filter((line) => line.includes('"msg":"reserved"') && !line.includes(BARRIER))
      .reduce((sum, line) => sum + (JSON.parse(line) as { seeds: number }).seeds, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machines[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
    await this.bench.close();
  }
}
