/** A droplet under another URN, or in another stack: at the real host, with the shipped kit as the guest, it is the VM that it was. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { execa } from "execa";
import { HostProcess } from "../../loopback/host-process.ts";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { ROOT } from "../engine.ts";
import { KitVms } from "../kit-vms.ts";
import { Workbench } from "../workbench.ts";

const CASE = "C2 (pulumi/pulumi#837, #2402, #7421): ";
let bench: Workbench;
let host: HostProcess;
let machines: KitVms;
/** The droplet's own line of `known_hosts`. */
let line: string;
let id: string;

const how = (form: string): Promise<string> => bench.must("config", "set", "bootseed:how", form);
const stackName = async (): Promise<string> =>
  (await bench.must("stack", "--show-name")).trim().split("/").at(-1) ?? "";
/** The program, as people call it. */
async function bootseed(command: string, stack: string, input = ""): Promise<string> {
  const cli = [`${ROOT}/seeder/cli/main.ts`, command, "--stack", stack, "--host", `unix://${host.mintSocket}`];
  const args = input === "" ? cli : [...cli, "--export", "-"];
  return (await execa("node", args, { preferLocal: true, input, reject: false })).stdout;
}

/** The droplet was not replaced; outputs, host and `known-hosts` name its keys, at the place that it has now. */
async function isTheSame(name: string): Promise<void> {
  expect([bench.api.posted.length, [...bench.api.droplets.keys()].map(String)]).toEqual([1, [id]]);
  expect(await bench.output("knownHosts")).toBe(line);
  const [vm, ...more] = (await host.vms()).filter(({ instanceId }) => instanceId === id);
  expect(more).toEqual([]);
  expect(vm).toMatchObject({ state: "reported", urn: await bench.urn(name) });
  expect(vm?.stack.split("/").at(-1)).toBe(await stackName());
  expect(`${await bootseed("known-hosts", vm?.stack ?? "")}\n`).toBe(line);
  await bench.mustUp("--expect-no-changes");
}

/** A droplet under `seedStack` that has reported. A host each: every workbench is a cloud that counts its droplets from the same number. */
beforeEach(async () => {
  if (!KIT_PYTHON) return;
  host = await HostProcess.make();
  await host.start();
  machines = new KitVms();
  bench = await Workbench.open("tests/engine/programs/moves.ts");
  await bench.must("config", "set", "bootseed:host", `unix://${host.mintSocket}`);
  await how("plain");
  bench.api.onCreate = machines.boot;
  await bench.mustUp();
  const [vm] = await Promise.all(machines.boots);
  if (vm === undefined) throw new Error("no droplet was made");
  line = vm.hostKeys.map((key) => `${vm.droplet.address} ${key.split(" ").slice(0, 2).join(" ")}\n`).join("");
  id = String(vm.droplet.id);
});
afterEach(async () => {
  await machines?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await bench?.close();
});

it.skipIf(!KIT_PYTHON)(`${CASE}from seedStack to a SeededDroplet by alias, then another name by alias`, async () => {
  await how("moved");
  await bench.mustUp();
  await isTheSame("web");
  await how("renamed");
  await bench.mustUp();
  await isTheSame("www");
});

it.skipIf(!KIT_PYTHON)(`${CASE}the stack is renamed, then the droplet moved and renamed in one run`, async () => {
  await bench.must("stack", "rename", "renamed");
  await how("moved and renamed");
  await bench.mustUp();
  await isTheSame("www");
  await bench.must("stack", "rename", "again");
  await how("www");
  await bench.mustUp();
  await isTheSame("www");
});

it.skipIf(!KIT_PYTHON)(`${CASE}state move into another stack`, async () => {
  const [from, to] = [await stackName(), "other"];
  const urn = await bench.urn("web");
  await bench.must("stack", "init", to, "--no-select", "--copy-config-from", from);
  await bench.must("state", "move", "--yes", "--source", from, "--dest", to, urn);
  await bench.must("stack", "select", to);
  await how("moved");
  await bench.mustUp();
  await isTheSame("web");
});

it.skipIf(!KIT_PYTHON)(`${CASE}the stack is renamed under seedStack: bootseed sync tells the host`, async () => {
  const [before] = await host.vms();
  const to = before?.stack.replace(/[^/]+$/, "renamed") ?? "";
  await bench.must("stack", "rename", "renamed");
  expect(await host.vms()).toMatchObject([{ stack: before?.stack, urn: before?.urn }]);
  expect(await bootseed("sync", to, await bench.must("stack", "export"))).toContain("1 have reported");
  expect(await host.vms()).toMatchObject([{ stack: to, urn: await bench.urn("web"), instanceId: id }]);
  expect(`${await bootseed("known-hosts", to)}\n`).toBe(line);
});
