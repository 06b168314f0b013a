/** An adopted program on the engine against the real host, the shipped kit as the guest: only the cloud between them is a mock. */
import { parseSeedFile, toHex } from "@bootseed/protocol";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { HostProcess } from "../loopback/host-process.ts";
import { KIT_PYTHON } from "../loopback/kit-python.ts";
import { ROOT } from "./engine.ts";
import { KitVms, seedIn } from "./kit-vms.ts";
import { Workbench } from "./workbench.ts";

let bench: Workbench;
let host: HostProcess;
const machines = new KitVms();
const mint = (): string => `unix://${host.dir}/mint.sock`;
const set = (key: string, value: string): Promise<string> => bench.must("config", "set", `bootseed:${key}`, value);

beforeAll(async () => {
  if (!KIT_PYTHON) return;
  host = await HostProcess.make();
  await host.start();
  bench = await Workbench.open("tests/engine/programs/fleet.ts");
  await set("host", mint());
  await set("fleet", JSON.stringify([{ name: "web" }, { name: "node", where: "component" }]));
  await bench.mustUp();
});
afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await bench?.close();
});

it.skipIf(!KIT_PYTHON)("the line changes nothing, at the host neither", async () => {
  await set("seedStack", "yes");
  await bench.must("preview", "--expect-no-changes");
  await bench.mustUp("--expect-no-changes");
  expect(bench.api.calls).toEqual([]);
  expect(await host.vms()).toEqual([]);
});

it.skipIf(!KIT_PYTHON)(
  "each is replaced once: it enrols, reports, and its keys are to be had from the host",
  async () => {
    bench.api.onCreate = machines.boot;
    for (const name of ["web", "node"]) await bench.mustUp("--replace", await bench.urn(name));
    const booted = await Promise.all(machines.boots);
    expect(booted.map(({ droplet }) => droplet.name)).toEqual(["web", "node"]);
    const vms = await host.vms();
    expect(vms).toHaveLength(2);
    for (const { droplet, hostKeys } of booted) {
      const seedId = toHex(parseSeedFile(seedIn(droplet.userData))[0]?.seedId ?? new Uint8Array());
      const { id, name } = droplet;
      expect(vms).toContainEqual(
        expect.objectContaining({
          name,
          seedId,
          instanceId: String(id),
          state: "reported",
          urn: await bench.urn(name),
        }),
      );
      const cli = [`${ROOT}/seeder/cli/main.ts`, "known-hosts", "--host", mint()];
      const { stdout } = await execa("node", cli, { preferLocal: true });
      expect(stdout).toContain(`${droplet.address} ${hostKeys.find((key) => key.startsWith("ssh-ed25519"))}`);
    }
  },
);

it.skipIf(!KIT_PYTHON)("an outage: a no-op passes, a replacement is refused and the droplet stays", async () => {
  await host.stop();
  await bench.mustUp("--expect-no-changes");
  const before = [...bench.api.droplets.keys()];
  const { ok, output } = await bench.up("--replace", await bench.urn("web"));
  expect(ok).toBe(false);
  expect(output).toMatch(/no seed for web: host unix:\S+ is unreachable: .*; nothing was created/);
  expect([...bench.api.droplets.keys()]).toEqual(before);
  await bench.must("destroy", "--yes", "--skip-preview");
});
