/** `join` as a process against the real host: a machine that nobody seeded, its token, its SSH host keys, its first deliveries. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { addToken } from "../../hwrng-host/commands/join-token.ts";
import { revokeVm } from "../../hwrng-host/commands/revoke-vm.ts";
import { freePort } from "../../tools/free-port.ts";
import { GuestProcess } from "../../tests/loopback/guest-process.ts";
import { HostProcess } from "../../tests/loopback/host-process.ts";
import { prerequisite } from "../../tests/prerequisite.ts";
import type { Check } from "./doctor/check.ts";
import { join as joinHost, readToken } from "./join.ts";
import { Machine } from "./machine.ts";
import { realWorld } from "./real-world.ts";
import { Bundle, type Ran } from "./testing/bundle.ts";

const ROOT = prerequisite(process.getuid?.() === 0, "expected root: mixing and reseeding need it");

describe.skipIf(!ROOT)("join", () => {
  let bundle: Bundle;
  let host: HostProcess;
  let made = 0;
  beforeAll(async () => {
    bundle = await Bundle.build();
    host = await HostProcess.make();
    await host.start();
  });
  afterAll(async () => {
    bundle?.[Symbol.dispose]();
    await host?.[Symbol.asyncDispose]();
  });

  async function token(uses = "1", from: HostProcess = host, name = uses === "1" ? "web-7" : "web-*"): Promise<string> {
    const out = join(from.dir, `token-${++made}`);
    await addToken({ config: from.config, name, uses, expires: "1h", out });
    return out;
  }
  /** A machine with sshd's keys that nobody seeded. */
  async function bare(): Promise<GuestProcess> {
    const guest = new GuestProcess(`joins-${++made}`);
    guest.write("/etc/hostname", `web-${made}\n`);
    await guest.makeHostKeys();
    return guest;
  }
  const agent = async (guest: GuestProcess, ...words: string[]): Promise<Ran> => bundle.run(guest.root, words);

  it("enrols, reports the SSH host keys, and deliveries follow, by agent and kit", async () => {
    using guest = await bare();
    const hostKeys = publicKeys(join(guest.root, "etc/ssh"));
    const { code, stdout, stderr } = await agent(
      guest,
      "join",
      "--token-file",
      await token(),
      "--name",
      "web-7",
      "--json",
    );
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 1, already: false, reported: true, hostKeysAside: null });
    const vm = (await host.vms()).find(({ instanceId }) => instanceId === guest.instanceId);
    expect(vm).toMatchObject({ name: "web-7", joined: true });
    expect(vm?.report?.hostKeys).toEqual(hostKeys);
    // Nobody can say that it was seeded before its keys.
    expect(vm?.report).toMatchObject({ verdict: "no-seed" });
    expect((await agent(guest, "topup")).code).toBe(0);
    const kit = await guest.kit("topup now");
    expect(kit.code, kit.output).toBe(0);
    expect(Number(guest.state("counter")?.readBigUInt64BE())).toBe(2);
    expect(guest.state("issuer")).toEqual(guest.state("statement"));
  });

  it("joins under a name that the token allows, by default its only one; what it refuses names --name", async () => {
    using guest = await bare();
    guest.write("/etc/hostname", "debian\n");
    const file = await token("1", host, "db-1");
    const ip = await agent(guest, "join", "--token-file", file, "--name", "203.0.113.9");
    expect([ip.code, ip.stderr]).toEqual([64, expect.stringMatching(/no IP address, got "203\.0\.113\.9"/)]);
    const other = await agent(guest, "join", "--token-file", file, "--name", "github.com");
    expect([other.code === 0, other.stderr]).toEqual([
      false,
      expect.stringMatching(/does not allow the name github\.com/),
    ]);
    expect((await agent(guest, "join", "--token-file", file)).code).toBe(0);
    const vm = (await host.vms()).find(({ instanceId }) => instanceId === guest.instanceId);
    expect(vm).toMatchObject({ name: "db-1", joined: true });
  });

  it("a machine without a name of its own: 65 and what to do, nothing left", async () => {
    using guest = await bare();
    for (const name of ["var/lib/cloud/data/instance-id", "etc/machine-id"])
      rmSync(join(guest.root, name), { force: true });
    const { code, stderr } = await agent(guest, "join", "--token-file", await token());
    expect([code, stderr]).toEqual([65, expect.stringMatching(/machine-id: systemd-machine-id-setup/)]);
    expect(guest.state("identity")).toBeNull();
  });

  it("waits for the name of a machine that cloud-init cannot name now: 75, and nothing is left", async () => {
    using guest = await bare();
    guest.write("/var/lib/cloud/data/instance-id", "iid-datasource-none\n");
    const { code, stderr } = await agent(guest, "join", "--token-file", await token());
    expect([code, stderr]).toEqual([75, expect.stringMatching(/cloud-init's instance-id, which is not known now/)]);
    expect(guest.state("identity")).toBeNull();
  });

  it("typed again, only reports again, and the token stays unused", async () => {
    using guest = await bare();
    const file = await token("2");
    expect((await agent(guest, "join", "--token-file", file)).code).toBe(0);
    const before = guest.state("certificate");
    const { code, stdout } = await agent(guest, "join", "--token-file", file, "--json");
    expect({ code, said: JSON.parse(stdout) }).toMatchObject({ code: 0, said: { already: true, reported: true } });
    expect(guest.state("certificate")).toEqual(before);
  });

  it("joins again with an unused token after its VM was revoked; a used one leaves everything as it was", async () => {
    using guest = await bare();
    const used = await token();
    const first = await agent(guest, "join", "--token-file", used, "--json");
    expect((await agent(guest, "topup")).code).toBe(0);
    const { seedId } = JSON.parse(first.stdout) as { seedId: string };
    const config = { config: host.config, json: false };
    await revokeVm(seedId, config);
    const before = guest.state("certificate");
    const again = await agent(guest, "join", "--token-file", used);
    expect([again.code, again.stderr]).toEqual([
      69,
      expect.stringMatching(/answered 403.*needs a token that was not used/),
    ]);
    expect(again.stdout + again.stderr).not.toContain("type the same again");
    expect(guest.state("certificate")).toEqual(before);

    const { code, stdout, stderr } = await agent(guest, "join", "--token-file", await token(), "--json");
    expect([code, stderr]).toEqual([0, expect.stringMatching(/refuses this machine's enrolment.*joining again/)]);
    expect(JSON.parse(stdout)).toMatchObject({ already: false, reported: true });
    expect(JSON.parse(stdout).seedId).not.toBe(seedId);
    expect((await agent(guest, "topup")).code).toBe(0);
    const kit = await guest.kit("topup now");
    expect(kit.code, kit.output).toBe(0);
  });

  it("makes a new identity on a copy of another machine's disk, and keeps its own otherwise", async () => {
    using guest = await bare();
    const file = await token("3");
    await agent(guest, "join", "--token-file", file);
    const identity = guest.state("identity.pub");
    writeFileSync(join(guest.root, "var/lib/bootseed", folderOf(guest), "psk"), "torn");
    expect((await agent(guest, "topup")).code).toBe(65);
    expect((await agent(guest, "join", "--token-file", file)).code).toBe(0);
    expect(guest.state("identity.pub")).toEqual(identity);
    guest.write("/var/lib/cloud/data/instance-id", "a-copy\n");
    expect((await agent(guest, "join", "--token-file", file)).code).toBe(0);
    expect(guest.state("identity.pub")).not.toEqual(identity);
    expect((await agent(guest, "topup")).code).toBe(0);
  });

  it("is no enrolment while its certificate is not written, also over an older one", async () => {
    using guest = await bare();
    expect((await agent(guest, "join", "--token-file", await token())).code).toBe(0);
    const folder = `var/lib/bootseed/${folderOf(guest)}`;
    writeFileSync(join(guest.root, folder, "psk"), "torn");
    const file = await token();
    const world = realWorld(guest.root);
    const replace = (path: string, content: Uint8Array): void => {
      if (path.endsWith("/certificate")) throw Object.assign(new Error("the power went"), { code: "EIO" });
      world.disk.replace(path, content);
    };
    const failing = { ...world, disk: { ...world.disk, replace } };
    const options = { token: readToken(file), name: "web-7" };
    await expect(joinHost(failing, new Machine(guest.root), options)).rejects.toThrow("the power went");
    expect(guest.state("psk")?.length).toBe(32);
    const { code, stdout } = await agent(guest, "join", "--token-file", file, "--json");
    expect({ code, said: JSON.parse(stdout) }).toMatchObject({ code: 0, said: { already: false } });
    expect((await agent(guest, "topup")).code).toBe(0);
    expect(guest.state("issuer")).toEqual(guest.state("statement"));
  });

  it("reports nothing without an SSH host key, says why, and the first report with one is accepted", async () => {
    using guest = await bare();
    const file = await token();
    const ssh = join(guest.root, "etc/ssh");
    renameSync(ssh, `${ssh}-away`);
    const { code, stdout } = await agent(guest, "join", "--token-file", file);
    expect([code, stdout]).toEqual([75, expect.stringMatching(/no usable SSH host key to report: start sshd once/)]);
    const find = async () => (await host.vms()).find(({ instanceId }) => instanceId === guest.instanceId);
    expect(await find()).toMatchObject({ state: "claimed", report: null });
    renameSync(`${ssh}-away`, ssh);
    expect((await agent(guest, "join", "--token-file", file)).code).toBe(0);
    expect(await find()).toMatchObject({ state: "reported", hostKeysChanged: false });
    expect((await find())?.report?.hostKeys).toEqual(publicKeys(ssh));
  });

  it("C3 (canonical/cloud-init#5305, armbian/build#10696): names a host key without its .pub and an empty one", async () => {
    using guest = await bare();
    const ssh = join(guest.root, "etc/ssh");
    const hostKeys = publicKeys(ssh);
    const names = readdirSync(ssh).filter((name) => name.endsWith("_key"));
    rmSync(join(ssh, `${names[0]}.pub`));
    writeFileSync(join(ssh, names.at(-1) ?? ""), "");
    expect((await agent(guest, "join", "--token-file", await token())).code).toBe(0);
    const vm = (await host.vms()).find(({ instanceId }) => instanceId === guest.instanceId);
    expect(vm?.report?.hostKeys).toEqual(hostKeys.slice(0, -1));
    expect(vm?.report?.evidence.remarks).toEqual([
      expect.stringMatching(`${names[0]}: its .pub is missing`),
      expect.stringMatching(`${names.at(-1)}: Load key`),
    ]);
  });

  it("C14 (raspberrypi/rpi-image-gen#289): reports the key that sshd_config names, also by an include", async () => {
    using guest = await bare();
    const folder = join(guest.root, "etc/myapp");
    mkdirSync(folder);
    renameSync(join(guest.root, "etc/ssh/ssh_host_ed25519_key"), join(folder, "key"));
    renameSync(join(guest.root, "etc/ssh/ssh_host_ed25519_key.pub"), join(folder, "key.pub"));
    guest.write("/etc/ssh/sshd_config", "Include sshd_config.d/*.conf\n");
    guest.write("/etc/ssh/sshd_config.d/a.conf", 'hostkey = "/etc/myapp/key" # ours\n');
    expect((await agent(guest, "join", "--token-file", await token())).code).toBe(0);
    const vm = (await host.vms()).find(({ instanceId }) => instanceId === guest.instanceId);
    expect(vm?.report?.hostKeys).toEqual(publicKeys(folder));
  });

  it("makes new SSH host keys, and keeps the old ones aside", async () => {
    using guest = await bare();
    const hostKeys = publicKeys(join(guest.root, "etc/ssh"));
    const words = ["join", "--token-file", await token(), "--new-host-keys", "--json"];
    const { code, stdout, stderr } = await agent(guest, ...words);
    expect(code, stderr).toBe(0);
    const { hostKeysAside: aside } = JSON.parse(stdout) as { hostKeysAside: string };
    expect(publicKeys(join(guest.root, aside))).toEqual(hostKeys);
    const vm = (await host.vms()).find(({ instanceId }) => instanceId === guest.instanceId);
    expect(vm?.report?.hostKeys).toHaveLength(hostKeys.length);
    for (const line of vm?.report?.hostKeys ?? []) expect(hostKeys).not.toContain(line);

    const file = words[2] ?? "";
    const told = await agent(guest, "join", "--token-file", file);
    expect(told.stdout).toMatch(/\nnext:\n {2}run as root [^]*\n {2}rm .*token-\d+\n$/);
    rmSync(file);
    const { checks } = JSON.parse((await agent(guest, "doctor", "--json")).stdout) as { checks: Check[] };
    const advised = checks.filter(({ fix }) => fix !== undefined).map(({ name }) => name);
    expect(advised).not.toContain("first boot");
    expect(advised.filter((name) => name.startsWith("host "))).toEqual([]);
  });

  it("dials another address when it is told to", async () => {
    await using moved = await HostProcess.make(undefined, await freePort());
    await moved.start();
    using guest = await bare();
    const file = await token("2", moved);
    expect((await agent(guest, "join", "--token-file", file)).code).toBe(69);
    expect(guest.state("certificate")).toBeNull();
    const { code, stderr } = await agent(guest, "join", "--token-file", file, "--address", `127.0.0.1:${moved.port}`);
    expect(code, stderr).toBe(0);
  });

  it.each([
    ["that others may read", 0o644, (text: string) => text, 64],
    ["that its group may read", 0o640, (text: string) => text, 64],
    ["with a changed byte", 0o600, (text: string) => `${text.startsWith("B") ? "A" : "B"}${text.slice(1)}`, 65],
    ["that was cut", 0o600, (text: string) => text.slice(0, 100), 65],
    ["that is no base64", 0o600, () => "@@@@", 65],
  ])("refuses a token %s, and asks nobody", async (_, mode, change, expected) => {
    using guest = await bare();
    const file = join(guest.root, "token");
    writeFileSync(file, change(readFileSync(await token(), "utf8")), { mode });
    const { code, stderr } = await agent(guest, "join", "--token-file", file);
    expect(code, stderr).toBe(expected);
    expect(stderr).not.toContain("/v1/joins");
    expect(existsSync(join(guest.root, "var/lib/bootseed"))).toBe(false);
  });

  it("is refused with a token that is used up, and leaves no enrolment", async () => {
    const file = await token("1");
    using first = await bare();
    expect((await agent(first, "join", "--token-file", file)).code).toBe(0);
    using guest = await bare();
    const { code, stderr } = await agent(guest, "join", "--token-file", file);
    expect(code, stderr).toBe(69);
    expect(stderr).toContain("403");
    expect(guest.state("certificate")).toBeNull();
    expect(guest.state("psk")).toBeNull();
  });
});

function folderOf(guest: GuestProcess): string {
  const names = readdirSync(join(guest.root, "var/lib/bootseed"));
  return names.find((name) => /^[0-9a-f]{16}$/.test(name)) ?? "none";
}

/** In the order of a report, without comments. */
function publicKeys(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".pub"));
  const lines = names.toSorted().map((name) => readFileSync(join(folder, name), "utf8"));
  return lines.map((line) => line.split(" ").slice(0, 2).join(" ").trim());
}
