import { execFileSync, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { prerequisite } from "../../tests/prerequisite.ts";
import { restore as restoreHere } from "./restore.ts";
import { ServedHost } from "../testing/served-host.ts";

const age = prerequisite(spawnSync("age", ["--version"]).status === 0, "expected age, do: apt-get install age");

/** A key as the operator makes it. @returns its file and its public half */
function operatorKey(dir: string, name = "operator"): { file: string; recipient: string } {
  const file = join(dir, `${name}.txt`);
  execFileSync("age-keygen", ["-o", file], { stdio: "ignore" });
  return { file, recipient: execFileSync("age-keygen", ["-y", file], { encoding: "utf8" }).trim() };
}

describe.runIf(age)("backup and restore", () => {
  it("bring a dead host back: its VMs need nothing, those it never knew either", async () => {
    await using host = await ServedHost.make();
    const key = operatorKey(host.dir);
    const out = join(host.dir, "host.age");
    await host.serve();
    const early = await host.enrolled("early");
    early.open((await host.send(early, "/v1/packets", early.hello())).bytes);
    expect(host.run("backup", "--recipient", key.recipient, "--out", out)).toMatchObject({ code: 0, err: "" });
    const late = await host.enrolled("late");
    early.open((await host.send(early, "/v1/packets", early.hello())).bytes);

    await host.stop("SIGKILL");
    rmSync(host.state, { recursive: true });
    rmSync(host.config);
    const restored = host.run("restore", "--identity", key.file, "--in", out);
    expect(restored).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/written from the backup[^]*VMs need nothing/),
    });
    await host.serve();
    const third = await host.send(early, "/v1/packets", early.hello());
    expect([third.status, early.open(third.bytes).counter]).toEqual([200, 3]);
    expect((await host.send(late, "/v1/packets", late.hello())).status).toBe(403);
    const back = await host.send(late, "/v1/packets", late.request(true));
    expect([back.status, late.open(back.bytes).counter]).toEqual([200, 1]);
    expect(host.log).toMatch(/taken back by its certificate/);
    expect(host.run("status").out).toMatch(/last backup 20/);
  });

  it("a root whose key no backup has does not sign without --without-backup, and status warns", async () => {
    await using host = await ServedHost.make();
    const { recipient } = operatorKey(host.dir);
    const backUp = (name: string): void =>
      expect(host.run("backup", "--recipient", recipient, "--out", join(host.dir, name)).code).toBe(0);
    const useRoot = (...more: string[]): { code: number | null; err: string } => {
      const { code, err } = host.run("statement", "--use-root", ...more);
      return { code, err };
    };
    await host.serve();
    const status = (): string => host.run("status").out;
    const state = (): string => readFileSync(join(host.state, "statement"), "hex");

    expect(host.run("statement", "--next-root", "new").code).toBe(0);
    const announced = state();
    expect(status()).toContain("NEVER BACKED UP");
    expect(useRoot()).toEqual({
      code: 64,
      err: expect.stringMatching(/alone: there is no backup\n.*--without-backup/),
    });
    backUp("one.age");
    expect(status()).toMatch(/last backup 20/);

    // Announced again after the backup: the key in the backup is another one.
    expect(host.run("statement", "--next-root", "new").code).toBe(0);
    const again = state();
    expect(again).not.toBe(announced);
    expect(status()).toMatch(/LAST BACKUP IS OLDER THAN THE ROOT \(20.*bootseed-host backup/);
    expect(JSON.parse(host.run("status", "--json").out)).toMatchObject({ rootIsNewerThanBackup: true });
    expect(useRoot()).toEqual({ code: 64, err: expect.stringMatching(/the last backup \(20.* does not have it/) });
    expect(host.run("statement", "--use-root", "--dry-run").out).toMatch(/would be refused: .*alone/);
    const link = join(host.dir, "link.key");
    symlinkSync(join(host.state, "root-next.key"), link);
    for (const file of [join(host.state, "root-next.key"), link])
      expect(useRoot(file)).toEqual({ code: 64, err: expect.stringMatching(/--without-backup/) });
    expect(state()).toBe(again);

    backUp("two.age");
    expect(useRoot()).toEqual({ code: 0, err: "" });
    expect(status()).toMatch(/last backup 20/);

    expect(host.run("statement", "--next-root", "new").code).toBe(0);
    expect(useRoot("--without-backup")).toEqual({ code: 0, err: "" });
    expect(status()).toContain("LAST BACKUP IS OLDER THAN THE ROOT");
    backUp("three.age");
    expect(JSON.parse(host.run("status", "--json").out)).toMatchObject({ rootIsNewerThanBackup: false });

    // A record of 0.3.0 has the time alone, and serials are times.
    writeFileSync(join(host.state, "backed-up"), `${Math.floor(Date.now() / 1000) + 1_000_000}\n`);
    expect(status()).toMatch(/last backup 20/);
    writeFileSync(join(host.state, "backed-up"), "1000000000\n");
    expect(status()).toContain("LAST BACKUP IS OLDER THAN THE ROOT (2001");
  });

  it("read and write what Debian's age does, for each of several keys", async () => {
    await using host = await ServedHost.make();
    const [one, two, three] = ["one", "two", "three"].map((name) => operatorKey(host.dir, name));
    if (one === undefined || two === undefined || three === undefined) throw new Error("expected three keys");
    const out = join(host.dir, "host.age");
    // The service is not running: the command copies the database itself, or does without.
    const made = host.run("backup", "--recipient", one.recipient, "--recipient", two.recipient, "--out", out, "--json");
    expect(JSON.parse(made.out)).toMatchObject({ schema: 1, statementSerial: expect.any(Number), out });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const secret = readFileSync(join(host.state, "secret"));
    expect(readFileSync(out).includes(secret)).toBe(false);

    const plain = execFileSync("age", ["-d", "-i", two.file, out]);
    const names = execFileSync("tar", ["tf", "-"], { input: plain, encoding: "utf8" }).trim().split("\n");
    expect(names).toEqual(expect.arrayContaining(["manifest.json", "host.yaml", "state/secret", "state/root.key"]));
    expect(execFileSync("tar", ["xOf", "-", "state/secret"], { input: plain })).toEqual(secret);

    const others = join(host.dir, "others.age");
    execFileSync("age", ["-r", three.recipient, "-o", others], { input: plain });
    rmSync(host.state, { recursive: true });
    expect(host.run("restore", "--identity", one.file, "--in", others)).toMatchObject({
      code: 65,
      err: expect.stringMatching(/not opened by that key/),
    });
    expect(host.run("restore", "--identity", three.file, "--in", others).code).toBe(0);
    expect(readFileSync(join(host.state, "secret"))).toEqual(secret);
  });
});

describe.runIf(age)("backup", () => {
  it("overwrites nothing, and wants a key of age", async () => {
    await using host = await ServedHost.make();
    const { recipient } = operatorKey(host.dir);
    const out = join(host.dir, "host.age");
    expect(host.run("backup", "--recipient", "ssh-ed25519 AAAA", "--out", out)).toMatchObject({
      code: 64,
      err: expect.stringMatching(/expected a public key of age[^]*age-keygen/),
    });
    expect(host.run("status").out).toBe("");
    writeFileSync(out, "mine");
    expect(host.run("backup", "--recipient", recipient, "--out", out)).toMatchObject({
      code: 73,
      err: expect.stringMatching(/exists already/),
    });
    expect(host.run("backup", "--recipient", recipient, "--out", join(host.dir, "none", "x")).code).toBe(73);
    expect(readFileSync(out, "utf8")).toBe("mine");
    expect(readdirSync(host.dir).toSorted()).toEqual(["host.age", "host.yaml", "operator.txt", "state"]);
  });
});

describe.runIf(age)("backup", () => {
  it("is not made without a key that is only a link", async () => {
    await using host = await ServedHost.make();
    const { recipient } = operatorKey(host.dir);
    const [secret, elsewhere, out] = [join(host.state, "secret"), join(host.dir, "elsewhere"), join(host.dir, "x.age")];
    renameSync(secret, elsewhere);
    symlinkSync(elsewhere, secret);
    const made = host.run("backup", "--recipient", recipient, "--out", out);
    expect(made).toMatchObject({
      code: 78,
      err: expect.stringMatching(/secret is not a file[^]*link is not followed/),
    });
    expect(existsSync(out)).toBe(false);
  });

  it("reads and removes nothing but a copy of the database, whoever answers on the socket", async () => {
    await using host = await ServedHost.make();
    const { recipient } = operatorKey(host.dir);
    const victim = join(host.dir, "victim");
    writeFileSync(victim, "precious");
    const wrong = [victim, join(host.state, "secret"), `${host.state}/host.db.snapshot-1.1.tmp/../secret`];
    for (const file of wrong) {
      const liar = createServer((_, answer) => answer.end(JSON.stringify({ file })));
      liar.listen(host.mint);
      await once(liar, "listening");
      const child = host.begin("backup", "--recipient", recipient, "--out", join(host.dir, "x.age"));
      expect(await once(child, "exit")).toEqual([74, null]);
      liar.close();
    }
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(readFileSync(join(host.state, "secret")).length).toBe(32);
  });
});

describe.runIf(age)("restore", () => {
  it("writes a host's files and no others, each once, and only those of the host it says it is", async () => {
    await using host = await ServedHost.make();
    const { file, recipient } = operatorKey(host.dir);
    const out = join(host.dir, "host.age");
    writeFileSync(join(host.state, "evil.conf"), "[Service]\nExecStartPre=/bin/evil\n", { mode: 0o600 });
    host.run("backup", "--recipient", recipient, "--out", out);
    renameSync(host.state, join(host.dir, "old"));
    const restore = (): ReturnType<ServedHost["run"]> => host.run("restore", "--identity", file, "--in", out);
    // As on a new machine: not even the config's folder is there.
    const elsewhere = { config: join(host.dir, "etc/bootseed/host.yaml"), identity: file, in: out, json: false };
    expect(await restoreHere(elsewhere)).toMatch(/host\.yaml: written from the backup/);
    expect(existsSync(elsewhere.config)).toBe(true);
    rmSync(host.state, { recursive: true });
    expect(restore().code).toBe(0);
    expect(existsSync(join(host.state, "evil.conf"))).toBe(false);
    for (const name of readdirSync(host.state).filter((each) => each !== "statements"))
      expect(statSync(join(host.state, name)).mode & 0o777, name).toBe(0o600);
    rmSync(host.state, { recursive: true });

    const plain = execFileSync("age", ["-d", "-i", file, out]);
    const encrypt = (input: Uint8Array): void => {
      rmSync(out);
      execFileSync("age", ["-r", recipient, "-o", out], { input });
    };
    // The end of an archive is two empty blocks: before it, the secret once more.
    const at = plain.indexOf("state/secret");
    encrypt(Buffer.concat([plain.subarray(0, at), plain.subarray(at, at + 1024), plain.subarray(at)]));
    expect(restore()).toMatchObject({ code: 65, err: expect.stringMatching(/EEXIST/) });
    const other = Buffer.from(plain);
    const digit = plain.indexOf('"hostId":"') + 10;
    other[digit] = other[digit] === 0x30 ? 0x31 : 0x30;
    encrypt(other);
    expect(restore()).toMatchObject({ code: 65, err: expect.stringMatching(/and the manifest of/) });
    expect(existsSync(host.state)).toBe(false);
  });

  it("refuses a folder that is not empty, and a backup that was cut off, damaged, or is none; nothing is left", async () => {
    await using host = await ServedHost.make();
    const { file, recipient } = operatorKey(host.dir);
    const out = join(host.dir, "host.age");
    host.run("backup", "--recipient", recipient, "--out", out);
    const restore = (from: string): { code: number | null; err: string } =>
      host.run("restore", "--identity", file, "--in", from);
    expect(restore(out)).toMatchObject({ code: 73, err: expect.stringMatching(/is not empty[^]*two histories/) });
    renameSync(host.state, join(host.dir, "old"));

    const bytes = readFileSync(out);
    const bad = join(host.dir, "bad.age");
    const damaged = Buffer.from(bytes);
    damaged[bytes.length - 40] = (damaged[bytes.length - 40] ?? 0) ^ 1;
    // The last 16 bytes are the last chunk's tag: an archive that looks whole without it must not count.
    for (const wrong of [bytes.subarray(0, -16), bytes.subarray(0, -1000), damaged, Buffer.from("nothing")]) {
      writeFileSync(bad, wrong);
      expect(restore(bad).code).toBe(65);
    }
    writeFileSync(bad, bytes.subarray(0, -1000));
    expect(restore(bad).err).toContain(`${bad} is damaged or incomplete: `);
    const outside = join(host.dir, "outside.age");
    const plain = execFileSync("age", ["-d", "-i", file, out]);
    const unpacked = join(host.dir, "unpacked");
    mkdirSync(unpacked);
    const renamed = (name: string): Buffer =>
      execFileSync(
        "tar",
        [
          "cf",
          "-",
          "--format=ustar",
          "-P",
          `--transform=s,^state/secret$,${name},`,
          "--owner=0",
          "manifest.json",
          "host.yaml",
          "state/secret",
        ],
        { cwd: unpacked },
      );
    execFileSync("tar", ["xf", "-"], { cwd: unpacked, input: plain });
    for (const name of ["state/../../evil", "/tmp/evil", "state/statements/../../evil", "evil"]) {
      execFileSync("age", ["-r", recipient, "-o", outside], { input: renamed(name) });
      expect(restore(outside)).toMatchObject({ code: 65, err: expect.stringMatching(/a file called/) });
    }
    execFileSync("age", ["-r", recipient, "-o", outside], { input: renamed("state/secret") });
    expect(restore(outside)).toMatchObject({ code: 65, err: expect.stringMatching(/no statement/) });
    expect(existsSync(`${host.state}.restoring`)).toBe(false);
  });

  it("killed at any point leaves no half of a host, and runs again", async () => {
    await using host = await ServedHost.make();
    const { file, recipient } = operatorKey(host.dir);
    const out = join(host.dir, "host.age");
    host.run("backup", "--recipient", recipient, "--out", out);
    rmSync(host.state, { recursive: true });
    for (let delayMs = 60; delayMs < 400; delayMs += 25) {
      const child = host.begin("restore", "--identity", file, "--in", out);
      const ended = once(child, "exit");
      setTimeout(() => child.kill("SIGKILL"), delayMs);
      await ended;
      if (!existsSync(host.state)) continue;
      // There, so whole.
      await host.serve();
      await host.stop();
      rmSync(host.state, { recursive: true });
    }
    expect(host.run("restore", "--identity", file, "--in", out).code).toBe(0);
    await host.serve();
    expect(host.run("status").code).toBe(0);
  });
});
