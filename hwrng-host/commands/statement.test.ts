import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { followStatements, parseStatement, type Statement, toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { ServedHost } from "../testing/served-host.ts";

function newest(host: ServedHost): Statement {
  return parseStatement(Uint8Array.from(readFileSync(join(host.state, "statement"))));
}

/** Every file of the state folder, and its content. */
function contents(host: ServedHost): string[] {
  const names = readdirSync(host.state, { recursive: true, encoding: "utf8" }).toSorted();
  return names.map((name) => {
    const path = join(host.state, name);
    return `${name} ${name === "statements" ? "" : readFileSync(path, "hex")}`;
  });
}

/** As on the machine without network. @returns private and public half */
function offlineRoot(host: ServedHost): { key: string; pub: string } {
  const [key, pub] = [join(host.dir, "root.pem"), join(host.dir, "root.pub")];
  execFileSync("openssl", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key], {
    stdio: "ignore",
  });
  execFileSync("openssl", ["pkey", "-in", key, "-pubout", "-out", pub]);
  execFileSync("chmod", ["600", key]);
  return { key, pub };
}

describe("bootseed-host statement", () => {
  it("without options, or with --dry-run, shows what it would do and writes nothing", async () => {
    await using host = await ServedHost.make();
    const before = contents(host);
    expect(host.run("statement")).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/^statement \d+ is up to date/),
    });
    const config = readFileSync(host.config, "utf8");
    writeFileSync(host.config, config.replace(/(advertise:\s+- ).*/, "$1vm.example.net:7443"));
    const shown = host.run("statement");
    expect(shown).toMatchObject({ code: 0, err: "" });
    expect(shown.out).toMatch(/would sign statement \d+:\n {2}addresses: 127\.[^]*→ vm\.example\.net:7443/);
    expect(shown.out).toMatch(
      /VMs that are away follow[^]*nothing was signed; to sign it: bootseed-host statement --sign/,
    );
    const all = ["--new-packet-key", "--new-certificate", "--next-root", "new", "--dry-run"];
    expect(host.run("statement", ...all).out).toMatch(/packet key: [^]*pins: [^]*next root: none →/);
    const json = JSON.parse(host.run("statement", "--new-packet-key", "--dry-run", "--json").out);
    expect(json).toMatchObject({ schema: 1, signed: false, changes: expect.any(Array), effects: expect.any(Array) });
    const { serial, rootPk, pins, addresses } = newest(host);
    const inForce = { serial, root: { alg: "ed25519", key: toHex(rootPk) }, pins: pins.map(toHex), addresses };
    expect(json.statement).toMatchObject(inForce);
    expect(contents(host)).toEqual(before);
    expect(host.run("statement", "--sign").out).toMatch(/^signed statement/);
    expect(newest(host).addresses).toEqual(["vm.example.net:7443"]);
  });

  it("refuses the next certificate for a day, says why and what --now means", async () => {
    await using host = await ServedHost.make();
    expect(host.run("statement", "--use-certificate")).toMatchObject({
      code: 64,
      err: expect.stringMatching(/no next certificate[^]*--new-certificate/),
    });
    expect(host.run("statement", "--new-certificate").code).toBe(0);
    const before = contents(host);
    const refused = host.run("statement", "--use-certificate");
    expect(refused).toMatchObject({
      code: 64,
      err: expect.stringMatching(/published 0\.0 h ago[^]*wait 24 h, or say --now/),
    });
    expect(contents(host)).toEqual(before);
    expect(host.run("statement", "--use-certificate", "--dry-run").code).toBe(64);
    expect(host.run("statement", "--use-certificate", "--now", "--dry-run")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/would be the one in use/),
    });
    expect(contents(host)).toEqual(before);
    const used = host.run("statement", "--use-certificate", "--now", "--json");
    expect(JSON.parse(used.out)).toEqual({ schema: 1, certificateChanged: true });
    expect(newest(host).pins.length).toBe(2);
    expect(existsSync(join(host.state, "tls-next.key"))).toBe(false);
    await host.serve();
  });

  it("lists and revokes", async () => {
    await using host = await ServedHost.make();
    host.run("statement", "--new-packet-key");
    const { statements } = JSON.parse(host.run("statement", "--list", "--json").out);
    expect(statements).toMatchObject([{ serial: 1, revoked: false }, { revoked: false }]);
    expect(host.run("statement", "--revoke", "1").code).toBe(0);
    expect(host.run("statement", "--list").out).toMatch(/statement 1 REVOKED[^]*\nstatement \d+:/);
    expect(host.run("statement", "--revoke", "77")).toMatchObject({ code: 64, err: expect.stringMatching(/--list/) });
    expect(host.run("statement", "--revoke", "x").code).toBe(64);
  });

  it("signs above no serial that would leave no room for those that follow", async () => {
    await using host = await ServedHost.make();
    const before = contents(host);
    expect(host.run("statement", "--serial-above", "4294967294")).toMatchObject({
      code: 64,
      err: expect.stringMatching(/expected a serial up to 4026531840/),
    });
    expect(contents(host)).toEqual(before);
  });
});

describe("an offline root, P-256 as a TPM has it", () => {
  it("takes over, signs from its own file, and is asked for when it is not there; the service runs without it", async () => {
    await using host = await ServedHost.make();
    const first = newest(host);
    const { key, pub } = offlineRoot(host);
    expect(host.run("statement", "--use-root", key)).toMatchObject({
      code: 64,
      err: expect.stringMatching(/no next root was announced/),
    });
    expect(host.run("statement", "--next-root", pub)).toMatchObject({ code: 0, err: "" });
    expect(host.run("statement", "--use-root")).toMatchObject({
      code: 78,
      err: expect.stringMatching(/name the announced root's key/),
    });
    expect(host.run("statement", "--use-root", key)).toMatchObject({ code: 0, err: "" });
    rmSync(join(host.state, "root.key"));
    expect(newest(host).rootAlg).toBe(2);

    const before = contents(host);
    expect(host.run("statement", "--new-packet-key")).toMatchObject({
      code: 78,
      err: expect.stringMatching(/not at hand[^]*--root-key FILE/),
    });
    expect(contents(host)).toEqual(before);
    expect(host.run("statement", "--new-packet-key", "--root-key", key)).toMatchObject({ code: 0, err: "" });
    execFileSync("chmod", ["644", key]);
    expect(host.run("statement", "--new-packet-key", "--root-key", key)).toMatchObject({
      code: 78,
      err: expect.stringMatching(/mode 0644/),
    });
    await host.serve();

    const signed = readdirSync(join(host.state, "statements"))
      .map(Number)
      .toSorted((a, b) => a - b);
    const history = signed.map((serial) =>
      Uint8Array.from(readFileSync(join(host.state, "statements", String(serial)))),
    );
    expect(followStatements(first, history.slice(1)).bytes).toEqual(newest(host).bytes);
  });

  it("of a restored host is asked for: VMs are refused and counted until the operator signs above theirs", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const guest = await host.enrolled("web");
    const away = join(host.dir, "root.away");
    const yesterday = join(host.dir, "yesterday");
    execFileSync("cp", ["-a", host.state, yesterday]);
    host.run("statement", "--new-packet-key");
    guest.statement = newest(host);
    await host.stop("SIGKILL");
    rmSync(host.state, { recursive: true });
    renameSync(yesterday, host.state);
    renameSync(join(host.state, "root.key"), away);
    expect(host.run("serve").err).toMatch(/of which this one is a copy/);
    expect(host.run("moved-here").code).toBe(0);
    await host.serve();
    for (const proof of [false, true])
      expect((await host.send(guest, "/v1/packets", guest.hello({ proof }))).status).toBe(403);
    expect(host.run("status").out).toMatch(/packets\.statement-ahead 2/);
    expect(host.log).toMatch(
      new RegExp(`hello with statement ${guest.statement.serial}, ours is 1;[^"]*--serial-above N --root-key FILE`),
    );

    const above = String(guest.statement.serial);
    expect(host.run("statement", "--serial-above", above, "--root-key", away)).toMatchObject({ code: 0, err: "" });
    host.signal("SIGHUP");
    while (!host.log.includes("reloaded")) await new Promise((resolve) => setTimeout(resolve, 20));
    const { status } = await host.send(guest, "/v1/packets", guest.hello());
    expect(status).toBe(200);
    expect(followStatements(guest.statement, [newest(host).bytes]).serial).toBeGreaterThan(guest.statement.serial);
  });
});
