/** Commands that look at 3,000 VMs of a real host: what they move over the wire, and what an operator sees. */
import { execa } from "execa";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MintClient } from "../../../seeder/mint-client/client.ts";
import { addressOf, FleetHost, STACK } from "./fleet-host.ts";

const COUNT = 3_000;
const SILENT = 5;
const MAIN = join(import.meta.dirname, "../../../seeder/cli/main.ts");

let fleet: FleetHost;
beforeAll(async () => {
  fleet = await FleetHost.start(COUNT, SILENT);
});
afterAll(() => fleet[Symbol.asyncDispose]());

type Ran = { code: number | undefined; stdout: string; stderr: string; bytes: number };

async function bootseed(...args: string[]): Promise<Ran> {
  let ran: Omit<Ran, "bytes"> = { code: undefined, stdout: "", stderr: "" };
  const bytes = await fleet.counted(async () => {
    const env = { BOOTSEED_HOST: fleet.url };
    const { exitCode, stdout, stderr } = await execa("node", [MAIN, ...args], {
      env,
      reject: false,
      preferLocal: true,
    });
    ran = { code: exitCode, stdout, stderr };
  });
  return { ...ran, bytes };
}

describe("a fleet of 3,000 VMs", () => {
  it("known-hosts ADDRESS reads one VM, whose three keys it prints", async () => {
    const { stdout, bytes } = await bootseed("known-hosts", addressOf(1234));
    expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual(
      Array.from({ length: 3 }, () => addressOf(1234)),
    );
    expect(bytes).toBeGreaterThan(1000);
    expect(bytes).toBeLessThan(4000);
  });

  it("wait reads at most 1 MB in three minutes in which nothing changes", async () => {
    const look = new MintClient(fleet.url).watch({ stack: STACK });
    let seen = 0;
    // Every two seconds.
    const bytes = await fleet.counted(async () => {
      for (let i = 0; i <= 90; i++) seen = (await look()).length;
    });
    expect(seen).toBe(COUNT);
    expect(bytes).toBeLessThan(1_000_000);
  });

  it("wait NAME reads that VM alone, and ends with 75 where it has not reported", async () => {
    const { code, stderr, bytes } = await bootseed("wait", "web-2999", "--stack", STACK, "--timeout", "2s");
    expect([code, stderr]).toEqual([75, expect.stringMatching(/0 of 1 have reported; waiting for web-2999 claimed/)]);
    expect(bytes).toBeLessThan(5000);
  });

  it("wait sees a report that comes, and reads no other VM again", async () => {
    const look = new MintClient(fleet.url).watch({ stack: STACK });
    await look();
    const seed = await fleet.host.mint("late");
    const other = new MintClient(fleet.url).watch({ stack: "org/project/stack" });
    expect((await other()).map(({ state }) => state)).toEqual(["committed"]);
    await fleet.host.created(seed, "4711");
    const bytes = await fleet.counted(async () => {
      expect((await other()).map(({ instanceId }) => instanceId)).toEqual(["4711"]);
      expect(await look()).toHaveLength(COUNT);
    });
    expect(bytes).toBeLessThan(3000);
  });

  it("a host that is started again is read whole, and no change is lost", async () => {
    const look = new MintClient(fleet.url).watch({ stack: "org/project/stack" });
    const before = await look();
    await fleet.host.stop();
    await fleet.host.start();
    await fleet.host.mint("after-restart");
    expect((await look()).length).toBe(before.length + 1);
  });

  it("vm ls prints every VM of a stack in the order of its name, in 100 columns, and counts them", async () => {
    const { stdout } = await bootseed("vm", "ls", "--stack", STACK);
    const lines = stdout.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
    const numbers = lines.flatMap((line) => /^web-(\d+) /.exec(line)?.[1] ?? []).map(Number);
    expect(numbers).toEqual(Array.from({ length: COUNT }, (_, n) => n));
    expect(lines.at(-1)).toBe(`${COUNT} VMs: ${SILENT} claimed, ${COUNT - SILENT} reported`);
  });

  it.each([
    ["--state claimed", /^5 VMs: 5 claimed$/m],
    ["--name web-299*", /^11 VMs: 5 claimed, 6 reported$/m],
    ["--client local --stack acme/*", /^3000 VMs: /m],
    ["--older-than 1d", /^No VM fits/m],
    ["--stale", /^No VM fits/m],
  ])("vm ls %s", async (filters, expected) => {
    const { code, stdout } = await bootseed("vm", "ls", ...filters.split(" "));
    expect([code, stdout]).toEqual([0, expect.stringMatching(expected)]);
  });

  it.each<[string, number, RegExp]>([
    ["vm ls --state dead", 64, /one of committed, provisional, claimed, reported, revoked, gone, got "dead"/],
    ["vm ls --stack acme/web/prdo", 66, /no VM of the stack acme\/web\/prdo: did you mean acme\/web\/prod\?/],
    ["vm show wbe-17", 66, /no VM is called wbe-17 or has that address: did you mean (?:[\w.-]+, ){4}[\w.-]+\?/],
    ["wait --stack acme/web/prdo", 66, /did you mean acme\/web\/prod\?/],
    ["vm forget --stack acme/web/prdo --unclaimed", 66, /did you mean acme\/web\/prod\?/],
  ])("%s ends with %i and at most five suggestions", async (command, code, expected) => {
    const ran = await bootseed(...command.split(" "));
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(expected)]);
    expect(ran.stderr.length).toBeLessThan(300);
  });

  it("vm forget of seeds that do not exist forgets nothing", async () => {
    const { code, stderr } = await bootseed("vm", "forget", "--stack", STACK, "--unclaimed");
    expect([code, stderr]).toEqual([0, expect.stringMatching(/nothing was forgotten/)]);
  });

  it("vm show takes an address, and names the client and the source class of the seed", async () => {
    const { stdout, bytes } = await bootseed("vm", "show", addressOf(7));
    expect(stdout).toMatch(/^name +web-7$/m);
    expect(stdout).toMatch(/^source class +physical-conditioned$/m);
    expect(stdout).toMatch(/^minted by +local$/m);
    expect(bytes).toBeLessThan(4000);
  });
});
