/**
 * A stack of many droplets without making each: one is created, and the state is written as if there were more like it, each with a seed of
 * its own in its user-data.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Took } from "../programs/many.ts";
import { KitVms } from "../kit-vms.ts";
import { Workbench } from "../workbench.ts";

/** How the droplets are written in the program. */
export type Way = "plain" | "long" | "seedStack" | "seeded";

/** A secret as `--show-secrets` writes it: JSON in a string. */
type Shown = { plaintext: string };
type Resource = { urn: string; inputs?: { userData?: string | Shown }; outputs?: { userData?: Shown } };
type Exported = { deployment: { resources: Resource[] } };

/** The droplet "web-0" with id 100, and what belongs to it, as number n. */
function likeIt(resource: Resource, n: number): Resource {
  const seed = randomBytes(398).toString("base64");
  const text = JSON.stringify(resource)
    .replaceAll(/\bweb-0\b/g, `web-${n}`)
    .replaceAll(/(?<=")(do:droplet:)?100(?=")/g, (_id, before: string | undefined) => `${before ?? ""}${100 + n}`)
    .replaceAll(/(?<=BOOTSEED=)[A-Za-z0-9+/=]+/g, seed);
  const made = JSON.parse(text) as Resource;
  const sent = made.inputs?.userData;
  // The provider keeps a hash of what was sent.
  if (typeof sent === "object" && made.outputs?.userData !== undefined) {
    const document = JSON.parse(sent.plaintext) as string;
    made.outputs.userData.plaintext = JSON.stringify(createHash("sha1").update(document).digest("hex"));
  }
  return made;
}

export class ManyDroplets implements AsyncDisposable {
  readonly bench: Workbench;
  readonly #took: string;
  readonly #machines = new KitVms();

  private constructor(bench: Workbench) {
    this.bench = bench;
    this.#took = join(bench.dir, "took.json");
  }

  /** @param mint `unix:///…`; needed to create the first one, and for no-ops of the ways that are ours */
  static async open(way: Way, mint: string): Promise<ManyDroplets> {
    const bench = await Workbench.open("tests/engine/programs/many.ts");
    const many = new ManyDroplets(bench);
    // Only the first is made, and only a SeededDroplet is waited for.
    if (way === "seeded") bench.api.onCreate = many.#machines.boot;
    const config = { way, host: mint, count: "1", took: many.#took };
    for (const [key, value] of Object.entries(config)) await bench.must("config", "set", `bootseed:${key}`, value);
    return many;
  }

  /** Creates the first and writes the others into the state. */
  async multiply(count: number): Promise<void> {
    const { bench } = this;
    await bench.mustUp();
    const exported = JSON.parse(await bench.must("stack", "export", "--show-secrets")) as Exported;
    const { resources } = exported.deployment;
    const first = resources.filter(({ urn }) => /\bweb-0\b/.test(urn));
    for (let n = 1; n < count; n++) resources.push(...first.map((resource) => likeIt(resource, n)));
    const file = join(bench.dir, "many.json");
    writeFileSync(file, JSON.stringify(exported), { mode: 0o600 });
    await bench.must("stack", "import", "--file", file);
    await bench.must("config", "set", "bootseed:count", String(count));
  }

  /** What the program took in its last run. */
  took(): Took {
    return JSON.parse(readFileSync(this.#took, "utf8")) as Took;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#machines[Symbol.asyncDispose]();
    await this.bench.close();
  }
}
