import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fetchProvider, lastFailure } from "./fetch.ts";

const PROVIDER = { name: "digitalocean", version: "4.80.1" };
const QUARTER = 900_000;

let dir = "";
const pulumi = (): string => join(dir, "pulumi");
const calls = (): string[] => readFileSync(join(dir, "calls"), "utf8").trim().split("\n");
/** Stands in for the engine's `plugin install`: what counts here is how often it is asked. */
function engine(then: string): void {
  writeFileSync(pulumi(), `#!/bin/sh\necho "$PULUMI_HOME $*" >>'${dir}/calls'\n${then}\n`);
  chmodSync(pulumi(), 0o755);
}
const said: string[] = [];
const fetch = (now: number): Promise<void> => fetchProvider(pulumi(), PROVIDER, (line) => said.push(line), now);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-fetch-"));
  vi.stubEnv("BOOTSEED_CACHE", dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

describe("fetchProvider", () => {
  it("tries again a quarter of an hour after a failure, not at each set-up and not never", async () => {
    engine("echo 'error: first line' >&2; echo 'error: no route to host' >&2; exit 255");
    for (const now of [0, 1, QUARTER - 1]) await fetch(now);
    expect(calls()).toEqual([`${dir}/pulumi-plugins plugin install resource digitalocean 4.80.1`]);
    expect(lastFailure(PROVIDER)).toEqual({ why: "error: no route to host", at: 0 });
    await fetch(QUARTER);
    expect([calls().length, lastFailure(PROVIDER)?.at]).toEqual([2, QUARTER]);
  });

  it("tries again when the clock went back", async () => {
    engine("exit 1");
    for (const now of [QUARTER, 5]) await fetch(now);
    expect(calls()).toHaveLength(2);
  });

  it("asks no more once the provider is there", async () => {
    const folder = `${dir}/pulumi-plugins/plugins/resource-digitalocean-v4.80.1`;
    const program = `${folder}/pulumi-resource-digitalocean`;
    engine(`mkdir -p ${folder} && echo '#!/bin/sh' >${program} && chmod +x ${program}`);
    for (const now of [0, QUARTER, 2 * QUARTER]) await fetch(now);
    expect([calls().length, lastFailure(PROVIDER)]).toEqual([1, undefined]);
  });

  it.each([
    ["was unpacked in part", "touch $FOLDER.partial && chmod +x $FOLDER/*"],
    ["cannot be run", "true"],
  ])("counts as failed what %s, and asks for it again", async (_, then) => {
    const folder = `${dir}/pulumi-plugins/plugins/resource-digitalocean-v4.80.1`;
    engine(`FOLDER=${folder}; mkdir -p $FOLDER && echo '#!/bin/sh' >$FOLDER/pulumi-resource-digitalocean && ${then}`);
    for (const now of [0, QUARTER]) await fetch(now);
    expect([calls().length, lastFailure(PROVIDER)?.at]).toEqual([2, QUARTER]);
  });
});
