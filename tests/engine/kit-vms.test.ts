import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HostProcess } from "../loopback/host-process.ts";
import { KIT_PYTHON } from "../loopback/kit-python.ts";
import { KitVms } from "./kit-vms.ts";
import type { TinyDroplet } from "./tiny-api.ts";

describe.skipIf(!KIT_PYTHON)("machines after a rest", () => {
  let host: HostProcess;
  let machines: KitVms;

  beforeEach(async () => {
    host = await HostProcess.make();
    await host.start();
    machines = new KitVms();
    await machines.rest();
  });
  afterEach(async () => {
    await machines[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });
  /** A droplet whose id the host is told after two claims, its hook's and its unit's first, as by a provider that waits long. */
  async function toldLate(): Promise<boolean | undefined> {
    const seed = await host.mint("web");
    const userData = `\nBOOTSEED=${Buffer.from(seed.file).toString("base64")}\n`;
    machines.boot({ id: 100, name: "web", userData } as TinyDroplet);
    while (host.log.split('"msg":"claim"').length < 3) await sleep(5);
    await host.created(seed, "100");
    return (await machines.boots[0])?.enrolled;
  }

  it("that are made while the others rest take one turn", async () => {
    expect(await toldLate()).toBe(false);
  });

  it("ask until they are done, once new ones may: a droplet that is made between two rows is not forgotten", async () => {
    machines.admitNew();
    expect(await toldLate()).toBe(true);
  });
});
