import { BootseedError, type Vm } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { sampleReport, sampleVm } from "../testing/sample-vm.ts";
import { waitForStack } from "./wait.ts";

type Answer = readonly Vm[] | BootseedError;
const db = (more: Partial<Vm>): Vm => sampleVm({ name: "db", urn: "urn:db", report: null, ...more });

/** Each answer is one look at the host; the last is repeated. Time is counted, not waited for. */
async function wait(
  answers: Answer[],
  names: string[] = [],
  unknown?: (name: string) => Promise<string>,
): Promise<{ code: number; said: string[]; ms: number }> {
  const said: string[] = [];
  let [ms, look] = [0, 0];
  const code = await waitForStack({
    vms: async () => {
      const answer = answers[Math.min(look++, answers.length - 1)] ?? [];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    ...(unknown === undefined ? {} : { unknown }),
    stack: "o/p/s",
    names,
    timeoutMs: 10_000,
    say: (line) => void said.push(line),
    now: () => ms,
    sleep: async (time) => void (ms += time),
  });
  return { code, said, ms };
}

describe("bootseed wait", () => {
  it("opens when the last has reported, with one line for each change", async () => {
    const claimed = [sampleVm(), db({ state: "claimed" })];
    const { code, said } = await wait([[sampleVm(), db({ state: "committed" })], claimed, claimed, [sampleVm()]]);
    expect([code, said]).toEqual([
      0,
      [
        "1 of 2 have reported; waiting for db committed (0 of 10 s)",
        "1 of 2 have reported; waiting for db claimed (2 of 10 s)",
        "all 1 VMs have reported, reseeded before their first key",
      ],
    ]);
  });
  it.each<[Partial<Vm>, RegExp]>([
    [{ state: "committed", instanceId: null }, /the host does not know that it exists: bootseed sync --stack o\/p\/s$/],
    [{ state: "committed", instanceId: "7" }, /created as 7; it has not claimed/],
    [{ state: "provisional", instanceId: null }, /claimed before its instance id was known here: bootseed sync/],
    [
      { state: "committed", bind: "first-claim", urn: "urn:bootseed:o/p/s::userdata::db", instanceId: null },
      /committed; no machine has claimed it yet: was it booted with this user-data, does it have ssh-keygen, can it reach the host, is its \/var mounted without noexec\?$/,
    ],
    [{ state: "claimed" }, /claimed its seed; its report has not come: is sshd up there, does it have ssh-keygen\?$/],
  ])("when the time is over it is 75, with the last step of %j", async (more, expected) => {
    const { code, said, ms } = await wait([[sampleVm(), db(more)]]);
    expect([code, ms]).toEqual([75, 10_000]);
    expect(said.at(-1)).toMatch(/^db: no report in 10 s; last known: /);
    expect(said.at(-1)).toMatch(expected);
  });
  it("C22 (canonical/cloud-init#3163): the last step of a VM that has not claimed names ssh-keygen", async () => {
    const { said } = await wait([[db({ state: "committed", instanceId: "7" })]]);
    expect(said.at(-1)).toMatch(/does it have ssh-keygen/);
  });
  it("C3 (canonical/cloud-init#5305, armbian/build#10696): names a host key that is not reported, and is 0", async () => {
    const remarks = ["/etc/ssh/ssh_host_rsa_key: no file"];
    const { code, said } = await wait([
      [sampleVm({ report: sampleReport({ evidence: { ...sampleReport().evidence, remarks } }) })],
    ]);
    expect([code, said[0]]).toEqual([0, `web-7: ${remarks[0]}`]);
  });
  it("C20 (canonical/cloud-init#3429): the last step of a VM that has not claimed names a /var mounted noexec", async () => {
    for (const vm of [db({ state: "committed", instanceId: "7" }), db({ state: "committed", bind: "first-claim" })]) {
      const { said } = await wait([[vm]]);
      expect(said.at(-1)).toMatch(/can it reach the host, is its \/var mounted without noexec\?$/);
    }
  });
  it("waits for a host that is away for a moment; is its failure when it stays away", async () => {
    const away = new BootseedError("unreachable", "host unix:///s is unreachable: nothing listens");
    expect((await wait([away, away, [sampleVm()]])).code).toBe(0);
    const { code, said } = await wait([[db({})], away]);
    expect([code, said.at(-1)]).toEqual([69, away.message]);
  });
  it.each([["forbidden"], ["usage"], ["mismatch"]] as const)(
    "does not wait out an error that stays: %s",
    async (name) => {
      await expect(wait([new BootseedError(name, "no")])).rejects.toThrow("no");
    },
  );
  it.each<[string, Partial<Vm>, RegExp]>([
    ["another verdict", { report: sampleReport({ verdict: "unproven" }) }, /its verdict is unproven/],
    [
      "keys before the seed",
      { report: sampleReport({ evidence: { ...sampleReport().evidence, hostKeysBefore: 2 } }) },
      /2 SSH host keys were there/,
    ],
    ["other keys since", { hostKeysChanged: true }, /has changed its host keys/],
    ["revoked", { revokedAt: 1 }, /was revoked/],
  ])("%s: 65", async (_, more, expected) => {
    const { code, said } = await wait([[sampleVm(more)]]);
    expect([code, said]).toEqual([65, [expect.stringMatching(expected)]]);
  });
  it.each<[string, Partial<Vm>, RegExp]>([
    ["cloned", { rolledBackAt: 1_767_225_700 }, /^db: since 2026-01-01T00:01:40Z it asks with an older counter/],
    [
      "contested",
      {
        contested: [
          {
            word: "db",
            kind: "name",
            others: [{ name: "db", stack: null, seedId: "cd".repeat(16), joined: true, since: 1 }],
          },
        ],
      },
      /^db: /,
    ],
  ])(
    "a VM that has not reported and is %s: wait prints that at once, one time, and ends with 65, not 75",
    async (_, more, expected) => {
      const { code, said, ms } = await wait([[sampleVm(), db({ state: "claimed", ...more })]]);
      expect([code, ms]).toEqual([65, 10_000]);
      expect(said[0]).toMatch(expected);
      expect(said.filter((line) => line === said[0])).toHaveLength(1);
      expect(said.at(-1)).toMatch(/^db: no report in 10 s/);
    },
  );
  it("changed host keys of one VM are 65 while another has not reported", async () => {
    const { code, said } = await wait([[sampleVm({ hostKeysChanged: true }), db({ state: "claimed" })]]);
    expect([code, said[0]]).toEqual([65, expect.stringMatching(/^web-7: it has changed its host keys/)]);
  });
  it("a VM that was revoked before it reported is not waited for", async () => {
    const { code, said, ms } = await wait([[sampleVm(), db({ state: "claimed", revokedAt: 1 })]]);
    expect([code, said, ms]).toEqual([65, ["db: it was revoked; see bootseed vm show"], 0]);
  });
  it("of a name: only that one, and one that is not there is an error", async () => {
    expect((await wait([[sampleVm(), db({})]], ["web-7"])).code).toBe(0);
    await expect(wait([[sampleVm()]], ["wbe"])).rejects.toThrow("no VM of o/p/s is called wbe");
  });
  it.each(["192.0.2.7", "WEB-7", "web-7.", "100", "::ffff:192.0.2.8"])(
    "finds a VM by %s, as the host does",
    async (word) => {
      const vm = sampleVm({ addresses: ["192.0.2.7", "::ffff:c000:208"] });
      const other = db({ addresses: ["192.0.2.9"], instanceId: "200" });
      const unknown = async (name: string): Promise<string> => `no VM is called ${name}`;
      expect((await wait([[vm, other]], [word], unknown)).code).toBe(0);
      await expect(wait([[other]], [word], unknown)).rejects.toThrow(`no VM is called ${word}`);
    },
  );
  it("does not look at a machine that was replaced", async () => {
    const gone = sampleVm({ seedId: "cd".repeat(16), committedAt: 1, report: null, state: "committed" });
    expect((await wait([[gone, sampleVm()]])).code).toBe(0);
  });
  it("a stack that nobody has is an error, not an open gate", async () => {
    await expect(wait([[]])).rejects.toThrow("no VM of the stack o/p/s");
  });
  it("names a machine that joined, says what it does not claim of it, and what is missing", async () => {
    const joined = sampleVm({ name: "db-1", urn: "", joined: true, report: sampleReport({ verdict: "no-seed" }) });
    expect(await wait([[joined]], ["db-1"])).toMatchObject({
      code: 0,
      said: ["all 1 VMs have reported; 1 joined by a token: nothing is claimed of the keys they had"],
    });
    const both = await wait([[sampleVm(), joined]]);
    expect([both.code, both.said.at(-1)]).toEqual([
      0,
      "all 2 VMs have reported; 1 joined by a token: nothing is claimed of the keys they had; the other 1 were reseeded before their first key",
    ]);
    const late = await wait([[{ ...joined, report: null, state: "claimed" }]], ["db-1"]);
    expect([late.code, late.said.at(-1)]).toEqual([75, expect.stringMatching(/joined by a token; its report has not/)]);
    expect((await wait([[{ ...joined, hostKeysChanged: true }]])).code).toBe(65);
  });
});
