import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseSeedFile, toHex, vmsAnswerSchema } from "@bootseed/protocol";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { init } from "./commands/init.ts";
import { MintClient } from "./mint/client.ts";
import { FakeDevice, noise } from "./testing/fake-device.ts";
import { freePort } from "../tools/free-port.ts";

const MAIN = new URL("main.ts", import.meta.url).pathname;
const READY = z.record(z.string(), z.unknown());
const root = mkdtempSync(join(tmpdir(), "bootseed-cli-"));
const running: ChildProcess[] = [];

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Finished = { code: number | null; out: string; err: string };

function run(...args: string[]): Finished {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

type Host = { dir: string; config: string; mint: string; guests: string };

/** An initialised host; `sources` is added to its config. */
async function makeHost(name: string, sources = "sources: [{ driver: system }]\n"): Promise<Host> {
  const dir = join(root, name);
  const config = join(dir, "host.yaml");
  const mint = join(dir, "mint.sock");
  const guests = `127.0.0.1:${await freePort()}`;
  await init({ config, stateDir: join(dir, "state"), guests, mint, allowChained: true });
  writeFileSync(config, `${readFileSync(config, "utf8")}${sources}`);
  return { dir, config, mint, guests };
}

type Serving = { child: ChildProcess; ready: Record<string, unknown>; err: () => string };

async function serve(host: Host): Promise<Serving> {
  const child = spawn(process.execPath, [MAIN, "serve", "--config", host.config], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ready: READY.parse(JSON.parse(line)), err: () => err };
  }
  throw new Error(`serve ended before it was ready: ${err}`);
}

async function stop({ child }: Serving, signal: NodeJS.Signals = "SIGTERM"): Promise<unknown> {
  const exit = once(child, "exit");
  child.kill(signal);
  return exit;
}

describe("init", () => {
  it("prints what to do next, and nothing secret; run again it keeps everything", async () => {
    const config = join(root, "init", "host.yaml");
    const where = ["--state-dir", join(root, "init", "state"), "--advertise", "192.0.2.1:7443", "vm.example.net:7443"];
    expect(run("init", "--config", config, ...where)).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/created root\.key.*advertises 192\.0\.2\.1:7443, vm\.example\.net:7443/s),
    });
    const host = { config, dir: join(root, "init") };
    const secret = readFileSync(join(host.dir, "state", "secret"), "hex");
    const again = run("init", "--config", host.config);
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toMatch(/kept everything[^]*bootseed-host serve --config/);
    expect(again.out).not.toContain(secret);
    expect(readFileSync(join(host.dir, "state", "secret"), "hex")).toBe(secret);
  });

  it("refuses options that contradict the config", async () => {
    const host = await makeHost("contradict");
    const { code, err } = run("init", "--config", host.config, "--guests", "127.0.0.1:1");
    expect([code, err]).toEqual([
      64,
      expect.stringMatching(/--guests 127\.0\.0\.1:1 contradicts .*to do: edit the config/s),
    ]);
    const before = readFileSync(host.config, "utf8");
    expect(run("init", "--config", host.config, "--allow-chained").code).toBe(0);
    writeFileSync(
      host.config,
      before.replace("allowChained: true", "allowChained: false").replace(/^sources:[^]*/m, ""),
    );
    expect(run("init", "--config", host.config, "--allow-chained")).toMatchObject({
      code: 64,
      err: expect.stringMatching(
        /--allow-chained \(allowChained: true\) contradicts .*which says \(allowChained: false\)/,
      ),
    });
  });

  it("takes the mint's address as programs write it", async () => {
    const host = await makeHost("unix");
    const { code } = run("init", "--config", host.config, "--mint", `unix://${host.mint}`);
    expect(code).toBe(0);
  });

  it.each([
    [["--guests", "h.example.net:7443"], ["--guests h.example.net:7443: expected ADDRESS:PORT with an IP address"]],
    [["--guests", "0.0.0.0:0"], ["--advertise 0.0.0.0:0: expected a port from 1 to 65535"]],
    [
      ["--advertise", "https://h.example.net:7443"],
      ["--advertise https://h.example.net:7443: expected host:port, such as h.example.net:7443"],
    ],
    [
      ["--advertise", "root@h:7443", "a b:1"],
      ["--advertise root@h:7443: expected host:port", "--advertise a b:1: expected host:port"],
    ],
  ])("refuses %j with one complaint for each mistake", (options, complaints) => {
    const config = join(root, "never", "host.yaml");
    const { code, err } = run("init", "--config", config, ...options);
    const lines = err.trimEnd().split("\n");
    expect([code, lines.length, lines.at(-1)]).toEqual([
      64,
      complaints.length + 1,
      "  to do: correct the option: nothing was written",
    ]);
    for (const [i, complaint] of complaints.entries()) expect(lines[i]).toContain(complaint);
    expect(existsSync(config)).toBe(false);
  });

  it("writes nothing when an option is wrong", () => {
    const config = join(root, "never", "host.yaml");
    expect(run("init", "--config", config, "--guests", "nonsense")).toMatchObject({
      code: 64,
      err: expect.stringMatching(/^bootseed-host: --guests nonsense: expected ADDRESS:PORT[^]*nothing was written/),
    });
    expect(existsSync(config)).toBe(false);
  });
});

describe("serve, mint, status", () => {
  it("make a seed that is this host's, label it, and stop cleanly", async () => {
    const host = await makeHost("whole");
    const serving = await serve(host);
    expect(serving.ready).toEqual({
      event: "ready",
      mint: host.mint,
      guests: host.guests,
      hostId: expect.stringMatching(/^[0-9a-f]{16}$/),
      sourceClass: "chained",
    });
    expect(serving.err()).toMatch(/CHAINED SOURCES ONLY/);

    const out = join(host.dir, "web-7.seed");
    const minted = run("mint", "--config", host.config, "--name", "web-7", "--out", out);
    expect(minted).toMatchObject({ code: 0, err: "" });
    expect(statSync(out).mode & 0o777).toBe(0o600);
    const [entry] = parseSeedFile(Uint8Array.from(readFileSync(out)));
    expect(toHex(entry?.hostId ?? new Uint8Array(0))).toBe(serving.ready["hostId"]);
    const { vms } = await new MintClient(host.mint).get("/v1/vms", vmsAnswerSchema);
    expect(vms).toMatchObject([
      { name: "web-7", seedId: toHex(entry?.seedId ?? new Uint8Array(0)), sourceClass: "chained" },
    ]);

    const twice = run("mint", "--config", host.config, "--name", "web-7", "--out", out);
    expect([twice.code, twice.err]).toEqual([73, expect.stringMatching(/exists already/)]);
    const nowhere = run("mint", "--config", host.config, "--name", "web-7", "--out", join(host.dir, "none", "x.seed"));
    expect(nowhere.code).toBe(73);
    expect((await new MintClient(host.mint).get("/v1/vms", vmsAnswerSchema)).vms.length).toBe(1);

    expect(run("status", "--config", host.config)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/mints\n.*system/),
    });
    const json = run("status", "--config", host.config, "--json");
    expect(JSON.parse(json.out)).toMatchObject({ schema: 1, healthy: true });

    expect(await stop(serving)).toEqual([0, null]);
    expect(existsSync(host.mint)).toBe(false);
    expect(readdirSync(host.dir).toSorted()).toEqual(["host.yaml", "state", "web-7.seed"]);
    const pool = Buffer.from(entry?.pool ?? []);
    for (const text of [pool.toString("hex"), pool.toString("base64")]) expect(serving.err()).not.toContain(text);
    expect(run("status", "--config", host.config)).toMatchObject({ code: 69, err: expect.stringMatching(/start it/) });
  });

  it("starts again after kill -9, over the socket that was left", async () => {
    const host = await makeHost("killed");
    await stop(await serve(host), "SIGKILL");
    expect(existsSync(host.mint)).toBe(true);
    const serving = await serve(host);
    expect(run("status", "--config", host.config).code).toBe(0);
    await stop(serving);
  });

  it("refuses a second service on the same state, and leaves the first alone", async () => {
    const host = await makeHost("twice");
    const serving = await serve(host);
    const second = run("serve", "--config", host.config);
    expect([second.code, second.err]).toEqual([69, expect.stringMatching(/another process holds .*stop the other/s)]);
    expect(run("status", "--config", host.config).code).toBe(0);
    await stop(serving);
  });
});

describe("what goes wrong at the start", () => {
  it("unknown key: 78, with file and line", async () => {
    const host = await makeHost("key", "sorces: []\n");
    const { code, err, out } = run("serve", "--config", host.config);
    expect([code, out]).toEqual([78, ""]);
    expect(err).toMatch(/host\.yaml:\d+: unknown key "sorces" \(did you mean sources\?\)/);
  });

  it("port taken: 69, one sentence and what to do", async () => {
    const host = await makeHost("port");
    const other = createServer().listen(Number(host.guests.split(":")[1]), "127.0.0.1");
    await once(other, "listening");
    // spawnSync would keep this process from holding the port.
    const child = spawn(process.execPath, [MAIN, "serve", "--config", host.config], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    expect(await once(child, "close")).toEqual([69, null]);
    other.close();
    expect(err).toMatch(new RegExp(`bootseed-host: ${host.guests} is taken by another program\\n  to do: stop`));
    expect(existsSync(host.mint)).toBe(false);
  });

  it("unreadable device: 74 and the fix", async () => {
    const host = await makeHost("device", "sources: [{ driver: hwrng, device: ./none, rngCurrent: /dev/null }]\n");
    const { code, err } = run("serve", "--config", host.config);
    expect([code, err]).toEqual([74, expect.stringMatching(/\/dev\/null names no device.*to do: attach/s)]);
    writeFileSync(join(host.dir, "current"), "test-noise\n");
    writeFileSync(host.config, readFileSync(host.config, "utf8").replace("/dev/null", join(host.dir, "current")));
    const missing = run("serve", "--config", host.config);
    expect([missing.code, missing.err]).toEqual([
      74,
      expect.stringMatching(/cannot open .*none.*to do: attach the device/s),
    ]);
  });

  it("no init: 78 and the command; no config: the same", async () => {
    const config = join(root, "bare.yaml");
    writeFileSync(config, `stateDir: ${join(root, "bare")}\nadvertise: ["127.0.0.1:1"]\n`);
    expect(run("serve", "--config", config)).toMatchObject({
      code: 78,
      err: expect.stringMatching(/bootseed-host init/),
    });
    const none = run("serve", "--config", join(root, "none.yaml"));
    expect(none).toMatchObject({ code: 78, err: expect.stringMatching(/bootseed-host init/) });
  });

  it("wrong usage: 64", () => {
    expect(run("mint").code).toBe(64);
    expect(run("fly").code).toBe(64);
    expect(run("--help").code).toBe(0);
  });
});

describe("a source that fails while the service runs", () => {
  it("stops mint at once with 503, reason and fix; status says so; nothing is committed", async () => {
    await using device = new FakeDevice(noise(1024 + 80 * 4));
    const source = `{ driver: hwrng, device: ${device.device}, rngCurrent: ${device.rngCurrent}, class: physical-raw }`;
    const host = await makeHost("unplugged", `sources: [${source}]\n`);
    const serving = await serve(host);
    expect(serving.ready["sourceClass"]).toBe("physical-raw");
    const first = run("mint", "--config", host.config, "--name", "a", "--out", join(host.dir, "a.seed"));
    expect(first).toMatchObject({ code: 0, out: expect.stringMatching(/physical-raw/) });
    run("mint", "--config", host.config, "--name", "b", "--out", join(host.dir, "b.seed"));
    const failed = run("mint", "--config", host.config, "--name", "c", "--out", join(host.dir, "c.seed"));
    expect([failed.code, failed.err]).toEqual([
      69,
      expect.stringMatching(/no healthy source: .*ended after.*to do: attach/s),
    ]);
    expect(existsSync(join(host.dir, "c.seed"))).toBe(false);
    expect(run("status", "--config", host.config)).toMatchObject({
      code: 69,
      out: expect.stringMatching(/MINTS NOTHING/),
    });
    await stop(serving);
  });

  it("serves on, but mints nothing, when the device is stuck from the start", async () => {
    await using device = new FakeDevice(new Uint8Array(65_536).fill(0xff));
    const source = `{ driver: hwrng, device: ${device.device}, rngCurrent: ${device.rngCurrent} }`;
    const host = await makeHost("stuck", `sources: [${source}]\n`);
    const serving = await serve(host);
    expect(serving.ready["sourceClass"]).toBeNull();
    expect(serving.err()).toMatch(/NOTHING WILL BE MINTED/);
    const failed = run("mint", "--config", host.config, "--name", "c", "--out", join(host.dir, "c.seed"));
    expect([failed.code, failed.err]).toEqual([
      69,
      expect.stringMatching(/repetition count test.*to do: replace the device/s),
    ]);
    await stop(serving);
  });
});

describe("help", () => {
  it("names every command", () => {
    const help = execFileSync(process.execPath, [MAIN, "--help"]).toString();
    for (const command of ["init", "serve", "mint", "status"]) expect(help).toContain(command);
  });

  it("ends quietly when nobody reads it to the end", () => {
    const { stdout, stderr } = spawnSync("sh", ["-c", `"$0" "$1" --help | true`, process.execPath, MAIN], {
      encoding: "utf8",
    });
    expect([stdout, stderr]).toEqual(["", ""]);
  });

  it("shows an example and the exit codes after every command", () => {
    const single = [
      "init",
      "serve",
      "mint",
      "push",
      "statement",
      "revoke",
      "backup",
      "restore",
      "status",
      "join-token",
    ];
    const commands = [...single.map((name) => [name]), ...["add", "ls", "revoke"].map((name) => ["join-token", name])];
    for (const command of commands) {
      const { code, out } = run(...command, "--help");
      expect([command, code, out]).toEqual([
        command,
        0,
        expect.stringMatching(new RegExp(`Examples:[^]*bootseed-host ${command.join(" ")}[^]*Exit: 0 done\n {6}64`)),
      ]);
    }
  });
});
