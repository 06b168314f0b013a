/** The bundle as a process on the kit's state folder, against the real host process and TLS: either takes over from the other. */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GuestProcess } from "../../tests/loopback/guest-process.ts";
import { HostProcess } from "../../tests/loopback/host-process.ts";
import { prerequisite } from "../../tests/prerequisite.ts";
import { Bundle, type Ran } from "./testing/bundle.ts";
import { oldNode } from "./testing/old-node.ts";

const PYTHON = prerequisite(
  existsSync("/usr/lib/python3/dist-packages/cryptography"),
  "expected Debian's python3-cryptography: apt-get install it",
);
const ROOT = prerequisite(process.getuid?.() === 0, "expected root: mixing and reseeding need it");
const OLD_NODE = oldNode(18);

describe.skipIf(!PYTHON)("the agent and the kit on one folder", () => {
  let bundle: Bundle;
  let host: HostProcess;
  let vms = 0;
  beforeAll(async () => {
    bundle = await Bundle.build();
    host = await HostProcess.make();
    await host.start();
  });
  afterAll(async () => {
    bundle?.[Symbol.dispose]();
    await host?.[Symbol.asyncDispose]();
  });

  async function bootedByKit(): Promise<GuestProcess> {
    const id = `take-over-${++vms}`;
    const seed = await host.mint(id);
    await host.created(seed, id);
    const guest = new GuestProcess(id, seed.file);
    const { output } = await guest.kit("hook");
    expect(guest.state("certificate")?.length, output).toBe(165);
    return guest;
  }
  const agent = async (guest: GuestProcess, ...words: string[]): Promise<Ran> => bundle.run(guest.root, words);
  const counter = (guest: GuestProcess): number => Number(guest.state("counter")?.readBigUInt64BE() ?? 0n);
  const last = (guest: GuestProcess): unknown =>
    (JSON.parse(guest.state("topup.json")?.toString() ?? "{}") as { last?: unknown }).last;

  it.skipIf(!ROOT)("deliver in turns: one counter, one topup.json with the same keys", async () => {
    using guest = await bootedByKit();
    expect((await agent(guest, "topup")).code).toBe(0);
    expect(counter(guest)).toBe(1);
    const byAgent = last(guest) as object;
    expect(byAgent).toMatchObject({ counter: 1, rcMix: 0, rcReseed: 0, receipt: 204 });
    expect((await guest.kit("topup now")).code).toBe(0);
    expect(counter(guest)).toBe(2);
    const byKit = last(guest) as object;
    expect(Object.keys(byKit)).toEqual(Object.keys(byAgent));
    // A third is over the host's quota: both say so, neither moves the counter.
    expect((await agent(guest, "topup", "--now")).code).not.toBe(0);
    expect((await guest.kit("topup now")).code).not.toBe(0);
    expect(counter(guest)).toBe(2);
    const { last: _last, ...refusals } = JSON.parse(guest.state("topup.json")?.toString() ?? "{}");
    expect(refusals).toEqual({ "http-403": 2 });
  });

  it("ask only when it is time, whoever was last", async () => {
    using guest = await bootedByKit();
    expect((await guest.kit("topup now")).code).toBe(0);
    const { code, stdout } = await agent(guest, "topup", "--due", "--json");
    expect({ code, hosts: JSON.parse(stdout).hosts }).toMatchObject({ code: 0, hosts: [{ why: "not due" }] });
    expect(counter(guest)).toBe(1);
    expect((await agent(guest, "topup")).code).toBe(0);
    expect((await guest.kit("topup")).code).toBe(0);
    expect(counter(guest)).toBe(2);
  });

  it("wait for each other: started together, each has its own delivery", async () => {
    using guest = await bootedByKit();
    const [byAgent, byKit] = await Promise.all([agent(guest, "topup"), guest.kit("topup now")]);
    expect({ agent: byAgent.code, kit: byKit.code }, byAgent.stderr + byKit.output).toEqual({ agent: 0, kit: 0 });
    expect(counter(guest)).toBe(2);
  });

  it.skipIf(!ROOT)("tell the same of the host", async () => {
    using guest = await bootedByKit();
    await agent(guest, "topup");
    const kit = JSON.parse((await guest.kit("status")).output.trim().split("\n").pop() ?? "") as {
      hosts: Record<string, object>;
    };
    const { hosts, ...rest } = JSON.parse((await agent(guest, "status", "--json")).stdout) as typeof kit;
    expect(rest).toMatchObject({ schema: 1, gate: "none", instanceId: guest.instanceId, verdict: "reseeded" });
    expect(hosts).toMatchObject(kit.hosts);
  });

  it("is noticed by the host: the receipt came with both codes", async () => {
    using guest = await bootedByKit();
    const { stderr } = await agent(guest, "topup");
    expect(stderr).toContain("/v1/receipts 204");
  });

  it.skipIf(!prerequisite(OLD_NODE !== null, "expected node-linux-* 18.20.8 from the registry"))(
    "runs under Node 18",
    async () => {
      using guest = await bootedByKit();
      const { code, stdout, stderr } = await bundle.run(guest.root, ["topup", "--json"], OLD_NODE ?? "");
      expect({ code, stdout: JSON.parse(stdout || "{}") }, stderr).toMatchObject({
        code: 0,
        stdout: { hosts: [{ outcome: "delivered", delivery: { rcMix: 0, rcReseed: 0, receipt: 204 } }] },
      });
    },
  );

  it("refuses a disk that was copied to another machine, and says so", async () => {
    using guest = await bootedByKit();
    guest.write("/var/lib/cloud/data/instance-id", "another\n");
    const { code, stderr } = await agent(guest, "topup");
    expect(code).toBe(65);
    expect(stderr).toContain("join again");
    expect(counter(guest)).toBe(0);
  });

  it("generalizes: nothing of this machine is left but the marks of spent seeds", async () => {
    using guest = await bootedByKit();
    await agent(guest, "topup");
    expect((await agent(guest, "generalize")).code).toBe(64);
    const dry = JSON.parse((await agent(guest, "generalize", "--dry-run", "--json")).stdout) as { removed: string[] };
    expect(guest.state("identity")).not.toBeNull();
    const { stdout } = await agent(guest, "generalize", "--yes", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, removed: dry.removed });
    for (const name of ["identity", "identity.pub", "certificate", "psk", "counter", "statement", "topup.json"])
      expect(guest.state(name), name).toBeNull();
    expect(guest.exists("/var/lib/bootseed/verdict.json")).toBe(false);
    expect(guest.state("spent")?.length).toBe(16);
  });

  it("says what is wrong, and ends with a code", async () => {
    using guest = await bootedByKit();
    const { code, stdout } = await agent(guest, "doctor", "--json");
    const { checks } = JSON.parse(stdout) as { checks: { name: string; verdict: string }[] };
    expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(["first boot", "helper", "timer", "clock"]));
    expect(checks.find(({ name }) => name === "helper")?.verdict).toBe("bad");
    expect(code).toBe(69);
  });

  it.each([
    [["nonsense"], 64],
    [["topup", "--sideways"], 64],
    [["topup", "--now", "--due"], 64],
    [["join"], 64],
    [["join", "--token-file", "/nowhere"], 64],
    [["listen"], 64],
    [["status"], 0],
    [["topup", "--help"], 0],
    [["-h"], 0],
    [["help"], 0],
    [["help", "join"], 0],
    [["-V"], 0],
    [["status", "-h"], 0],
    [["topup"], 65],
    [["topup", "--due"], 0],
  ])("%j ends with %i on a machine that knows no host", async (words, expected) => {
    using guest = new GuestProcess("bare");
    expect((await bundle.run(guest.root, words)).code).toBe(expected);
  });

  it("keeps nothing secret in what it says", async () => {
    using guest = await bootedByKit();
    const runs = [await agent(guest, "topup"), await agent(guest, "status"), await agent(guest, "doctor")];
    const said = runs.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    const psk = guest.state("psk") ?? Buffer.alloc(0);
    for (const encoding of ["hex", "base64"] as const) expect(said).not.toContain(psk.toString(encoding));
  });
});
