import { BootseedError, type CreatedVm, parseSeedFile } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { fill, hostId, Mint, noVm, open, SEED_ID, web } from "../testing/memory-mint.ts";
import { sampleReport, sampleVm } from "../testing/sample-vm.ts";

const quiet = (): void => undefined;

describe("reserve", () => {
  it("gives a whole seed file, and one request for all", async () => {
    const mint = new Mint();
    const { run } = open(mint);
    const [a, b] = await Promise.all([run.reserve("urn:a"), run.reserve("urn:b")]);
    expect(mint.asked).toEqual(["reserve 2"]);
    if (!a.ok || !b.ok) throw new Error("expected two seeds");
    expect(parseSeedFile(a.seedFile)[0]).toMatchObject({ pool: mint.pool, hostId });
  });
  it("is soft when the host fails: one warning for all, and the reason", async () => {
    const mint = new Mint();
    mint.failReserve = new BootseedError("unreachable", "host unix:///h is unreachable");
    const { run, warnings } = open(mint);
    const results = await Promise.all([run.reserve("urn:a"), run.reserve("urn:b")]);
    expect(results).toEqual([1, 2].map(() => ({ ok: false, reason: "host unix:///h is unreachable" })));
    await run.reserve("urn:c");
    expect(warnings).toEqual([expect.stringMatching(/^no seeds in this run: host unix:\/\/\/h is unreachable\. /)]);
  });
  it("does not let a name that hosts do not take spoil the others' request", async () => {
    const mint = new Mint();
    const { run } = open(mint);
    const [good, bad] = await Promise.all([run.reserve("urn:web"), run.reserve("urn:wéb")]);
    expect(good.ok).toBe(true);
    expect(bad).toEqual({ ok: false, reason: "hosts take names in printable ASCII only: rename urn:wéb" });
    expect(mint.asked).toEqual(["reserve 1"]);
    expect(await run.report({ ...web, urn: "urn:wéb" }, 180_000, quiet)).toMatchObject({ verdict: "unseeded" });
    expect(mint.asked).toEqual(["reserve 1"]);
  });
  it("refuses a host that hands out zeros", async () => {
    const mint = new Mint();
    mint.pool = new Uint8Array(64);
    expect(await open(mint).run.reserve("urn:a")).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/all zeros/),
    });
  });
});

describe("commit", () => {
  it("takes the reserved seed, once", async () => {
    const mint = new Mint();
    const { run } = open(mint);
    await run.reserve("urn:web");
    await run.commit("urn:web", "web");
    expect(mint.commits).toEqual([{ token: "t", bind: "instance", name: "web" }]);
    await expect(run.commit("urn:web", "web")).rejects.toThrow(
      /^no seed for web: its seed was already used in this run; /,
    );
    expect(mint.commits).toHaveLength(1);
  });
  it("says in one sentence why there is no seed and that nothing was created", async () => {
    const mint = new Mint();
    const { run } = open(mint);
    await expect(run.commit("urn:other", "other")).rejects.toThrow(
      /^no seed for other: none was reserved in this run; nothing/,
    );
    await run.reserve("urn:web");
    mint.failCommit = new BootseedError("conflict", "this seed was already used");
    await expect(run.commit("urn:web", "web")).rejects.toThrow(
      "no seed for web: this seed was already used; nothing was created; run pulumi up again when that is mended",
    );
  });
});

describe("report", () => {
  const reported: CreatedVm = { ...noVm, state: "reported", report: sampleReport() };

  it("returns a report at once, without waiting", async () => {
    const mint = new Mint();
    mint.answers = [reported];
    const { run, clock } = open(mint);
    const before = clock.ms;
    expect(await run.report(web, 180_000, quiet)).toMatchObject({ seedId: SEED_ID, verdict: "reseeded" });
    expect(clock.ms).toBe(before);
  });
  it.each([
    [{ verdict: "unproven" as const }, /^web: its verdict is unproven, not reseeded: trust no key/],
    [
      { evidence: { ...sampleReport().evidence, hostKeysBefore: 2 } },
      /^web: 2 SSH host keys were there before the seed, or were not made on this VM: trust/,
    ],
    [
      { evidence: { ...sampleReport().evidence, gate: "warned" as const } },
      /^web: its gate gave up and only warned: trust/,
    ],
  ])("warns of a report that proves nothing: %j", async (more, sentence) => {
    const mint = new Mint();
    mint.answers = [{ ...reported, report: sampleReport(more) }, reported];
    const { run, warnings } = open(mint);
    await run.report(web, 180_000, quiet);
    expect(warnings).toEqual([expect.stringMatching(sentence)]);
    await run.report(web, 180_000, quiet);
    expect(warnings).toHaveLength(1);
  });
  it("waits for what was committed in this run, with progress, through an outage", async () => {
    const mint = new Mint();
    const { run } = open(mint);
    await run.reserve("urn:web");
    await run.commit("urn:web", "web");
    // Asked every half second, said every two.
    mint.answers = [noVm, noVm, noVm, noVm, new Error("down"), noVm, noVm, noVm, noVm, reported];
    const lines: string[] = [];
    expect(await run.report(web, 180_000, (line) => lines.push(line))).toMatchObject({ verdict: "reseeded" });
    expect(lines).toEqual([
      "waiting for its report: committed at host unix:///h, 0 of 180 s",
      "waiting for its report: down, 2 of 180 s",
      "waiting for its report: committed at host unix:///h, 4 of 180 s",
    ]);
  });
  it("stops waiting at the limit", async () => {
    const mint = new Mint();
    const { run, clock } = open(mint);
    await run.reserve("urn:web");
    await run.commit("urn:web", "web");
    const before = clock.ms;
    expect(await run.report(web, 5_000, quiet)).toEqual({ schema: 1, missing: "web: committed at host unix:///h" });
    expect(clock.ms - before).toBe(5_000);
  });
  it("waits for a droplet of an earlier run only while it is young at the host", async () => {
    const mint = new Mint();
    const { run, clock } = open(mint);
    mint.known = [sampleVm({ committedAt: clock.ms / 1000 - 60 })];
    mint.answers = [noVm, reported];
    expect(await run.report(web, 180_000, quiet)).toMatchObject({ verdict: "reseeded" });
    mint.known = [sampleVm({ committedAt: clock.ms / 1000 - 3600 })];
    const before = clock.ms;
    expect(await run.report(web, 180_000, quiet)).toMatchObject({ missing: expect.any(String) });
    // A machine that joins may say the droplet's instance-id.
    const joined = sampleVm({ stack: "", urn: "", joined: true, bind: "first-claim", committedAt: clock.ms / 1000 });
    mint.known = [joined, ...mint.known];
    await run.report(web, 180_000, quiet);
    expect(clock.ms).toBe(before);
  });
  it("does not wait when the host is away and nothing was created, and warns once", async () => {
    const mint = new Mint();
    mint.answers = [new Error("down"), new Error("down")];
    const { run, warnings, clock } = open(mint);
    const before = clock.ms;
    expect(await run.report(web, 180_000, quiet)).toEqual({ schema: 1, missing: "web: down" });
    await run.report(web, 180_000, quiet);
    expect(clock.ms).toBe(before);
    expect(warnings).toHaveLength(1);
  });
  it("takes a droplet without a seed for what it is", async () => {
    const mint = new Mint();
    mint.answers = [{ ...noVm, seedId: null, state: null }];
    expect(await open(mint).run.report(web, 180_000, quiet)).toMatchObject({ verdict: "unseeded", sshHostKeys: [] });
  });
  it("refuses a report of another instance, and one without a host key", async () => {
    const mint = new Mint();
    mint.answers = [
      { ...reported, report: sampleReport({ instanceId: "99" }) },
      { ...reported, report: sampleReport({ hostKeys: [] }) },
    ];
    const { run } = open(mint);
    expect(await run.report(web, 0, quiet)).toMatchObject({
      missing: expect.stringMatching(/instance 99, and web is 100/),
    });
    expect(await run.report(web, 0, quiet)).toMatchObject({ missing: expect.stringMatching(/holds no host key/) });
  });
});

describe("two hosts", () => {
  const failure = new BootseedError("unreachable", "host unix:///other is unreachable");

  it("put one entry each into the seed file, and each commits its own", async () => {
    const [mint, other] = [new Mint(1), new Mint(6)];
    other.pool = fill(64, 9);
    const { run } = open(mint, other, 2);
    const reserved = await run.reserve("urn:web");
    if (!reserved.ok) throw new Error(reserved.reason);
    expect(parseSeedFile(reserved.seedFile).map((entry) => entry.pool)).toEqual([mint.pool, other.pool]);
    await run.commit("urn:web", "web");
    expect([mint.commits, other.commits].map((commits) => commits.length)).toEqual([1, 1]);
  });
  it("one is enough when it says so, with one warning; else the create is refused", async () => {
    for (const minHosts of [1, 2]) {
      const [mint, other] = [new Mint(1), new Mint(6)];
      other.failReserve = failure;
      const { run, warnings } = open(mint, other, minHosts);
      const reserved = await run.reserve("urn:web");
      await run.reserve("urn:db");
      expect(warnings).toHaveLength(1);
      expect(reserved.ok).toBe(minHosts === 1);
      const commit = run.commit("urn:web", "web");
      if (minHosts === 1) {
        await commit;
        expect(warnings[0]).toMatch(/other is unreachable\. 1 of 2 hosts gave seeds, 1 are enough/);
      } else {
        await expect(commit).rejects.toThrow(/1 of 2 hosts gave a seed, and minHosts is 2: .*nothing was created/);
        expect(mint.commits).toEqual([]);
      }
    }
  });
  it("a commit that one of them refuses counts as none of its seeds", async () => {
    for (const minHosts of [1, 2]) {
      const [mint, other] = [new Mint(1), new Mint(6)];
      other.failCommit = failure;
      const { run, warnings } = open(mint, other, minHosts);
      await run.reserve("urn:web");
      const commit = run.commit("urn:web", "web");
      if (minHosts === 2) await expect(commit).rejects.toThrow(/1 of 2 hosts took the commit, and minHosts is 2/);
      else await commit;
      expect(warnings).toHaveLength(minHosts === 1 ? 1 : 0);
    }
  });
  it("of which one is away: a droplet of an earlier run is not waited for, however young", async () => {
    const [mint, other] = [new Mint(1), new Mint(6)];
    const { run, clock } = open(mint, other, 2);
    mint.known = [sampleVm({ committedAt: clock.ms / 1000 - 60 })];
    mint.answers = [{ ...noVm, state: "reported", report: sampleReport() }];
    other.answers = [failure];
    const before = clock.ms;
    expect(await run.report(web, 180_000, quiet)).toMatchObject({
      missing: expect.stringMatching(/^web: 1 of 2 hosts/),
    });
    expect(clock.ms).toBe(before);
  });
  it("that are one host under two names are one source", async () => {
    const { run } = open(new Mint(1), new Mint(1), 2);
    expect(await run.reserve("urn:web")).toMatchObject({ ok: false, reason: expect.stringMatching(/are one host/) });
  });
  it("that disagree about the host keys end the wait: nothing is trusted", async () => {
    const [mint, other] = [new Mint(1), new Mint(6)];
    const lie = sampleReport({
      hostKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB"],
    });
    mint.answers = [{ ...noVm, state: "reported", report: sampleReport() }];
    other.answers = [{ ...noVm, state: "reported", report: lie }];
    const { run, warnings } = open(mint, other);
    expect(await run.report(web, 180_000, quiet)).toMatchObject({ missing: expect.stringMatching(/hosts disagree/) });
    expect(warnings).toEqual([expect.stringMatching(/^web: the hosts disagree about its SSH host keys/)]);
  });
});
