/** `bootseed vm approve` against the real mint on a unix socket, and against a person who answers. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { fromHex, keyPair, toHex } from "@bootseed/protocol";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { Bench } from "../../hwrng-host/testing/bench.ts";
import { noise } from "../../hwrng-host/testing/fake-device.ts";
import { sampleReport, sampleVm } from "../testing/sample-vm.ts";
import { fingerprintOf, reportToApprove } from "./approve.ts";

/** A host whose VM web-7 has changed its key, and its mint on a socket. */
async function changedVm(): Promise<AsyncDisposable & { bench: Bench; cli: typeof run; old: string; new: string }> {
  const bench = new Bench();
  const guest = await bench.guest();
  guest.enrol((await bench.send("/v1/claims", guest.claim())).bytes);
  await bench.send("/v1/reports", guest.report());
  guest.hostKey = keyPair("ed25519", noise(32, 5));
  await bench.send("/v1/reports", guest.report());
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? "GET";
    const body = method === "POST" ? { body: Buffer.concat(await request.toArray()) } : {};
    const answer = await bench.mint.request(request.url ?? "/", { method, ...body });
    response.writeHead(answer.status).end(await answer.text());
  };
  const server = createServer((request, response) => void respond(request, response));
  const socket = join(bench.dir, "mint.sock");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const run = async (...args: string[]): Promise<{ code: number | undefined; stdout: string; stderr: string }> => {
    const env = { BOOTSEED_HOST: `unix://${socket}` };
    const ran = await execa("node", [join(import.meta.dirname, "main.ts"), ...args], { env, reject: false });
    return { code: ran.exitCode, stdout: ran.stdout, stderr: ran.stderr };
  };
  const vm = await bench.vm();
  const keys = [vm?.report?.hostKeys[0] ?? "", vm?.changed?.report.hostKeys[0] ?? ""] as const;
  return {
    bench,
    cli: run,
    old: keys[0],
    new: keys[1],
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
      await bench[Symbol.asyncDispose]();
    },
  };
}
declare const run: (...args: string[]) => Promise<{ code: number | undefined; stdout: string; stderr: string }>;

describe("bootseed vm approve", () => {
  it("C18 (scaleway/image-ubuntu#139): changed keys are said, and accepted by the fingerprint of one of them", async () => {
    await using host = await changedVm();
    const waiting = ["wait", "--stack", "org/project/stack"];
    const before = await host.cli(...waiting);
    expect([before.code, before.stderr]).toEqual([65, expect.stringMatching(/vm approve web-7 accepts them/)]);
    expect((await host.cli("vm", "show", "web-7")).stdout).toContain(`CHANGED to    ${host.new}`);
    expect((await host.cli("known-hosts", "web-7")).stdout).toContain(host.old);
    const { code, stdout, stderr } = await host.cli("vm", "approve", "web-7", fingerprintOf(host.new));
    expect([code, stdout], stderr).toEqual([0, `web-7: accepted ${fingerprintOf(host.new)}\n`.trimEnd()]);
    for (const words of [fingerprintOf(host.old), "(gone)", "signed by the identity of the VM's enrolment: SHA256:"])
      expect(stderr).toContain(words);
    expect((await host.cli("known-hosts", "web-7")).stdout).toContain(host.new);
    expect((await host.cli("known-hosts", "web-7")).stdout).not.toContain(host.old);
    expect((await host.cli(...waiting)).code).toBe(0);
    expect((await host.cli("vm", "ls")).stdout).not.toContain("CHANGED");
    const again = await host.cli("vm", "approve", "web-7", fingerprintOf(host.new));
    expect([again.code, again.stderr]).toEqual([66, expect.stringMatching(/have not changed/)]);
  });

  it("keeps the accepted keys with --keep, and answers in JSON", async () => {
    await using host = await changedVm();
    const { code, stdout } = await host.cli("vm", "approve", "web-7", fingerprintOf(host.old), "--keep", "--json");
    expect(JSON.parse(stdout)).toEqual({ schema: 1, seedId: expect.any(String), hostKeys: [host.old] });
    expect([code, (await host.bench.vm())?.hostKeysChanged]).toEqual([0, false]);
  });

  it("refuses a fingerprint of no changed key (65), what is none (64), and to ask without a terminal (64)", async () => {
    await using host = await changedVm();
    const before = await host.bench.vm();
    for (const [given, expected, words] of [
      [fingerprintOf(host.old), 65, /is a key of the other set: nothing was approved/],
      [`SHA256:${"A".repeat(43)}`, 65, /is no key of this VM/],
      ["MD5:00:11", 64, /expected a fingerprint/],
      [undefined, 64, /no terminal to ask on: .*bootseed vm approve web-7 FINGERPRINT/],
    ] as const) {
      const { code, stderr } = await host.cli("vm", "approve", "web-7", ...(given === undefined ? [] : [given]));
      expect([code, stderr]).toEqual([expected, expect.stringMatching(words)]);
    }
    expect(await host.bench.vm()).toEqual(before);
  });

  it("is in the help with an example", async () => {
    await using host = await changedVm();
    expect((await host.cli("vm", "approve", "--help")).stdout).toMatch(/\$ bootseed vm approve web-7 SHA256:/);
  });
});

describe("a person who is asked", () => {
  const key = (fill: number): string => `ssh-ed25519 ${Buffer.alloc(51, fill).toString("base64")}`;
  const changed = (...hostKeys: string[]) => ({ at: 1, sha256: "ab".repeat(32), report: sampleReport({ hostKeys }) });
  const vm = (old: string[], now: string[]) =>
    sampleVm({
      hostKeysChanged: true,
      report: sampleReport({ hostKeys: old }),
      reportSha256: "cd".repeat(32),
      changed: changed(...now),
    });
  const person = (answer: string) => ({ interactive: true, say: () => undefined, ask: async () => answer });

  it.each([
    ["y", "ab".repeat(32)],
    ["Yes ", "ab".repeat(32)],
    ["", null],
    ["n", null],
    ["yellow", null],
  ])("%j", async (answer, expected) => {
    expect(await reportToApprove(vm([key(1)], [key(2)]), {}, person(answer))).toBe(expected);
  });

  it("a key of both sets is not enough, unless there is no other", async () => {
    const one = vm([key(1), key(2)], [key(1), key(3)]);
    const by = async (fill: number, of = one) =>
      reportToApprove(of, { fingerprint: fingerprintOf(key(fill)) }, person("n"));
    await expect(by(1)).rejects.toThrow(/key of the other set/);
    expect(await by(3)).toBe("ab".repeat(32));
    expect(await by(1, vm([key(1), key(2)], [key(1)]))).toBe("ab".repeat(32));
  });

  it("fingerprints are those of ssh-keygen", async () => {
    const { stdout } = await execa("ssh-keygen", ["-lf", "-"], { input: `${sampleKey} x\n` });
    expect(stdout.split(" ")[1]).toBe(fingerprintOf(sampleKey));
  });
});
const pk = keyPair("ed25519", fromHex(toHex(noise(32, 1)), 32)).publicKey;
const sampleKey = `ssh-ed25519 ${Buffer.concat([Buffer.from("0000000b7373682d6564323535313900000020", "hex"), pk]).toString("base64")}`;
