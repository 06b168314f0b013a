/** A run in which nothing changed asks the host twice at most, however many droplets there are. bench/no-op.ts has ten times as many. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostProcess } from "../../loopback/host-process.ts";
import { ManyDroplets } from "./many-droplets.ts";
import { present } from "./matrix-bench.ts";
import { PausingProxy } from "./pausing-proxy.ts";
import { Stops } from "./stops.ts";

const COUNT = 100;

describe.skipIf(!present)(`${COUNT} droplets`, () => {
  let host: HostProcess;
  let proxy: PausingProxy;
  const path = (): string => join(host.dir, "counted.sock");

  beforeAll(async () => {
    host = await HostProcess.make();
    await host.start();
    proxy = await PausingProxy.open(path(), host.mintSocket, new Stops());
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
  });

  // Of the droplets that are copied into the state the host knows one: it is told of the others.
  it.each([
    ["seedStack", ["POST /v1/reservations", "POST /v1/created"]],
    ["seeded", ["POST /v1/reservations", "POST /v1/created"]],
  ] as const)("%s", async (way, requests) => {
    await using many = await ManyDroplets.open(way, `unix://${path()}`);
    await many.multiply(COUNT);
    proxy.calls.length = 0;
    await many.bench.mustUp("--expect-no-changes");
    expect(proxy.calls).toEqual(requests);
    proxy.calls.length = 0;
    await many.bench.must("preview", "--expect-no-changes");
    expect(proxy.calls).toEqual([]);
  });
});
