import { generateKeyPairSync } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { catchUp, topUp } from "../testing/follow.ts";
import { ServedHost } from "../testing/served-host.ts";

/** Tells the service to read its state folder again, and waits until it says that it did, or did not. */
async function reload(host: ServedHost): Promise<void> {
  const said = (): number => host.log.split("eloaded").length;
  const before = said();
  host.signal("SIGHUP");
  while (said() === before) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("SIGHUP", () => {
  it("brings new keys and a new certificate into the running service; VMs follow", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const guest = await host.enrolled("web");
    expect(host.run("statement", "--new-packet-key")).toMatchObject({ code: 0, err: "" });
    await reload(host);
    const first = guest.statement;
    expect(await topUp(host, guest)).toBe(1);
    expect(toHex(guest.statement.packetPk)).not.toBe(toHex(first.packetPk));

    const { pin: before } = await host.sendUnpinned("/v1/statements", new Uint8Array(0));
    expect(host.run("statement", "--new-certificate").code).toBe(0);
    await reload(host);
    expect((await host.sendUnpinned("/v1/statements", new Uint8Array(0))).pin).toBe(before);
    expect(host.run("statement", "--use-certificate", "--now").code).toBe(0);
    await reload(host);
    expect((await host.sendUnpinned("/v1/statements", new Uint8Array(0))).pin).not.toBe(before);
    await expect(host.send(guest, "/v1/packets", guest.hello())).rejects.toThrow(/not the pinned certificate/);
    expect(await catchUp(host, guest)).toBe(1);
    expect(await topUp(host, guest)).toBe(2);
  });

  it("moves the host when the config says so, and changes nothing when anything is wrong", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const guest = await host.enrolled("web");
    const config = readFileSync(host.config, "utf8");
    writeFileSync(host.config, `${config}sorces: []\n`);
    await reload(host);
    expect(host.log).toMatch(/unknown key \\"sorces\\"[^]*NOT reloaded: everything is as before/);
    // Announced, but not signed yet.
    writeFileSync(host.config, config.replace(/(advertise:\s+- ).*/, "$1vm.example.net:7443"));
    await reload(host);
    expect(host.log).toMatch(/the config says vm\.example\.net:7443 [^]*the signed statement says 127\.0\.0\.1:/);
    expect(await topUp(host, guest)).toBe(1);
    expect(guest.statement.addresses).toEqual([`127.0.0.1:${host.port}`]);

    expect(host.run("statement", "--sign").code).toBe(0);
    await reload(host);
    expect(await topUp(host, guest)).toBe(2);
    expect(guest.statement.addresses).toEqual(["vm.example.net:7443"]);
    writeFileSync(host.config, `${readFileSync(host.config, "utf8")}intervalMs: 60000\npush: { concurrency: 3 }\n`);
    expect(host.run("statement", "--sign").code).toBe(0);
    await reload(host);
    // The line after the one that reload waits for.
    await expect.poll(() => host.log).toMatch(/more than `advertise` and `intervalMs` changed in the config: restart/);
  });
});

describe("bootseed-host reload", () => {
  it("brings a signed statement into the service, and status says what waits", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const guest = await host.enrolled("web");
    const status = (): string => host.run("status").out;
    expect(status()).not.toMatch(/PENDING|NOT IN FORCE/);
    expect(host.run("reload")).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/^reloaded: .*statement 1\n$/),
    });

    expect(host.run("statement", "--new-packet-key", "--new-certificate").code).toBe(0);
    expect(status()).toMatch(
      /RELOAD PENDING: statement \d+ is signed, the service uses 1: bootseed-host reload --config/,
    );
    const { statementSerial } = JSON.parse(host.run("reload", "--json").out);
    expect(status()).not.toMatch(/PENDING/);
    expect(await topUp(host, guest)).toBe(1);
    expect(guest.statement.serial).toBe(statementSerial);

    expect(host.run("statement", "--use-certificate", "--now").code).toBe(0);
    expect(host.run("statement", "--revoke", "1").code).toBe(0);
    expect(JSON.parse(host.run("status", "--json").out).pending.reload).toEqual([
      "the certificate was changed, the service shows the one before",
      "a statement was revoked, the service accepts it",
    ]);
    expect(host.run("reload").code).toBe(0);
    expect(JSON.parse(host.run("status", "--json").out).pending).toEqual({ reload: [], config: [] });
  });

  it("a start with an address that was not signed serves what is signed, and warns", async () => {
    await using host = await ServedHost.make();
    const config = readFileSync(host.config, "utf8");
    writeFileSync(host.config, config.replace(/(advertise:\s+- ).*/, "$1vm.example.net:7443"));
    await host.serve();
    expect(host.log).toMatch(/"level":40.*the config says vm\.example\.net:7443 .*statement --sign/);
    const guest = await host.enrolled("web");
    expect(guest.statement.addresses).toEqual([`127.0.0.1:${host.port}`]);
    expect(host.run("status").out).toMatch(/CONFIG NOT IN FORCE: the config says vm\.example\.net:7443/);
    expect(host.run("reload")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^reloaded.*\nWARNING: the config/),
    });
    expect(host.run("statement", "--sign").code).toBe(0);
    expect(host.run("status").out).toMatch(/RELOAD PENDING: statement \d+ is signed/);
    expect(host.run("status").out, "what is signed already").not.toMatch(/CONFIG NOT IN FORCE/);
    expect(host.run("reload")).toMatchObject({ code: 0, out: expect.not.stringContaining("WARNING") });
    expect(host.run("status").out).not.toMatch(/CONFIG NOT IN FORCE|PENDING/);
    writeFileSync(host.config, `${readFileSync(host.config, "utf8")}push: { concurrency: 3 }\n`);
    expect(host.run("status").out).toMatch(/CONFIG NOT IN FORCE: more than .* restart the service/);
  });

  it("names what is wrong in the folder, and everything stays as before", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const guest = await host.enrolled("web");
    writeFileSync(join(host.state, "tls.key"), "junk", { mode: 0o600 });
    const { code, err } = host.run("reload");
    expect([code, err]).toEqual([69, expect.stringMatching(/tls\.key/)]);
    expect(await topUp(host, guest)).toBe(1);
    await host.stop();
    expect(host.run("reload")).toMatchObject({ code: 69, err: expect.stringMatching(/no bootseed-host answers/) });
  });
});

const junk = (path: string): void => writeFileSync(path, "junk", { mode: 0o600 });

describe("SIGHUP with a damaged state folder", () => {
  it.each<[string, (state: string) => void]>([
    ["a key of another length", (state) => junk(join(state, "packet-next.key"))],
    ["a next TLS key that is none", (state) => junk(join(state, "tls-next.key"))],
    ["a TLS key that is none", (state) => junk(join(state, "tls.key"))],
    ["the TLS key of another certificate", (state) => replaceKey(join(state, "tls.key"))],
    ["a history that is no folder", (state) => replaceFolder(join(state, "statements"))],
    ["a config that no parser foresaw", (state) => writeFileSync(join(state, "../host.yaml"), "%YAML 1.1\n---\n<<: 3")],
  ])("goes on as before with %s", async (_, damage) => {
    await using host = await ServedHost.make();
    await host.serve();
    const guest = await host.enrolled("web");
    damage(host.state);
    await reload(host);
    expect(host.log).toMatch(/NOT reloaded: everything is as before/);
    expect(await topUp(host, guest)).toBe(1);
  });

  it("is heard from the moment on that the service says it is ready", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    await reload(host);
    expect((await host.enrolled("web")).certificate.length).toBeGreaterThan(0);
  });
});

function replaceKey(path: string): void {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(path, privateKey.export({ type: "pkcs8", format: "pem" }));
}

function replaceFolder(path: string): void {
  rmSync(path, { recursive: true });
  junk(path);
}

describe("a VM that was away", () => {
  it("follows three rotations of packet key, certificate and root at once", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const guest = await host.enrolled("web");
    const { rootPk } = guest.statement;
    for (let round = 0; round < 3; round++) {
      for (const step of [
        "--new-packet-key --new-certificate --next-root new",
        "--use-root --without-backup",
        "--use-certificate --now",
      ])
        expect(host.run("statement", ...step.split(" "))).toMatchObject({ code: 0, err: "" });
    }
    await reload(host);
    await expect(host.send(guest, "/v1/packets", guest.hello())).rejects.toThrow(/not the pinned certificate/);
    // Each root's last statement, and the newest.
    expect(await catchUp(host, guest)).toBe(4);
    expect(toHex(guest.statement.rootPk)).not.toBe(toHex(rootPk));
    expect(await topUp(host, guest)).toBe(1);
  });
});
