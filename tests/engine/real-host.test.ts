/**
 * The program on the engine against the real host, and the shipped kit as the guest: only the cloud between them is a
 * mock. From `pulumi up` to host keys that the VM's own report brought, while `up` waits for it.
 */
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
const { boots } = machines;

beforeAll(async () => {
  if (!KIT_PYTHON) return;
  host = await HostProcess.make();
  await host.start();
  bench = await Workbench.open();
  bench.api.onCreate = machines.boot;
});
afterAll(async () => {
  await machines[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await bench?.close();
});

const mint = (): string => `unix://${host.dir}/mint.sock`;

it.skipIf(!KIT_PYTHON)("up waits for the report and puts the VM's own keys into known_hosts", async () => {
  await bench.configure(mint(), [{ name: "web" }, { name: "db" }]);
  await bench.mustUp();
  expect(boots).toHaveLength(2);
  const lines = new Set(
    String(await bench.output("knownHosts"))
      .trim()
      .split("\n"),
  );
  const expected = (await Promise.all(boots)).flatMap(({ droplet, hostKeys }) =>
    hostKeys.map((key) => `${droplet.address} ${key}`),
  );
  expect(lines).toEqual(new Set(expected));
  expect(lines.size).toBe(2);
});

it.skipIf(!KIT_PYTHON)("host and state agree on which seed is in which droplet", async () => {
  const droplets = (await bench.output("droplets")) as { name: string; id: string; seedId: string }[];
  const vms = await host.vms();
  for (const { name, id, seedId } of droplets) {
    const posted = bench.api.droplets.get(Number(id))?.userData ?? "";
    expect(toHex(parseSeedFile(seedIn(posted))[0]?.seedId ?? new Uint8Array())).toBe(seedId);
    expect(vms).toContainEqual(
      expect.objectContaining({ name, seedId, instanceId: id, state: "reported", sourceClass: "chained" }),
    );
  }
  expect(new Set(droplets.map((droplet) => droplet.seedId)).size).toBe(2);
});

it.skipIf(!KIT_PYTHON)("a no-op writes nothing at the host", async () => {
  const before = await host.vms();
  await bench.mustUp("--expect-no-changes");
  expect(await host.vms()).toEqual(before);
});

it.skipIf(!KIT_PYTHON)("bootseed vm ls and known-hosts tell the same", async () => {
  const bootseed = async (...args: string[]): Promise<string> =>
    (await execa("node", [`${ROOT}/seeder/cli/main.ts`, ...args, "--host", mint()], { preferLocal: true })).stdout;
  expect(await bootseed("vm", "ls")).toMatch(/^web .*chained +reported +never$/m);
  const lines = (text: string): string[] => text.trim().split("\n").toSorted();
  expect(lines(await bootseed("known-hosts"))).toEqual(lines(String(await bench.output("knownHosts"))));
});

it.skipIf(!KIT_PYTHON)(
  "a replaced droplet has another seed and other keys; the old ones leave known_hosts",
  async () => {
    type Shown = { name: string; ipv4Address: string; sshHostKeys: string[] };
    const shown = async (name: string): Promise<Shown | undefined> =>
      ((await bench.output("droplets")) as Shown[]).find((droplet) => droplet.name === name);
    const [web, db] = [await shown("web"), await shown("db")];
    await bench.mustUp("--replace", await bench.urn("web"));
    const replaced = await shown("web");
    expect(await shown("db")).toEqual(db);
    expect(replaced?.sshHostKeys.filter((key) => web?.sshHostKeys.includes(key))).toEqual([]);
    const knownHosts = String(await bench.output("knownHosts"));
    expect(knownHosts).toContain(`${replaced?.ipv4Address} ${replaced?.sshHostKeys[0]}\n`);
    expect(knownHosts).not.toContain(`${web?.ipv4Address} `);
    expect(new Set((await host.vms()).map((vm) => vm.seedId)).size).toBe(3);
  },
);

it.skipIf(!KIT_PYTHON)(
  "host stopped: a no-op and destroy pass, a new droplet is refused before any API call",
  async () => {
    await host.stop();
    await bench.mustUp("--expect-no-changes");
    await bench.configure(mint(), [{ name: "web" }, { name: "db" }, { name: "new" }]);
    const { ok, output } = await bench.up();
    expect(ok).toBe(false);
    expect(output).toMatch(/no seed for new: host unix:\S+ is unreachable: .*; nothing was created/);
    expect(bench.api.calls).not.toContain("POST /v2/droplets");
    await bench.must("destroy", "--yes", "--skip-preview");
    expect(bench.api.droplets.size).toBe(0);
  },
);
