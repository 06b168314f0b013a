import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ensureSshd, withSshdUser } from "../../tools/setup/sshd.ts";
import { RECORDED_CREATE } from "../testing/fake-cloud.ts";
import { fakeImages } from "../testing/fake-launcher.ts";

/** The real command and the real service; the image is none, so nothing boots. */
const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

let base: string, dir: string, images: string, sshPort: number;
interface Ran {
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}
const cli = async (...args: string[]): Promise<Ran> => {
  const ran = await execa(process.execPath, [MAIN, ...args], { reject: false, stdin: "ignore" });
  return { code: ran.exitCode, out: ran.stdout, err: ran.stderr };
};
const json = (ran: Ran): Record<string, unknown> => {
  expect(ran).toMatchObject({ code: 0, err: "" });
  return JSON.parse(ran.out) as Record<string, unknown>;
};
const post = async (name: string): Promise<number> => {
  const api = readFileSync(join(dir, "api"), "utf8").trim();
  const body = JSON.stringify({ ...RECORDED_CREATE, name, user_data: "do not log me" });
  const init = { method: "POST", headers: { authorization: "Bearer x" }, body };
  return (await fetch(`${api}/v2/droplets`, init).catch(() => ({ status: 0 }))).status;
};

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "local-cloud-cli-"));
  dir = join(base, "run");
  images = fakeImages();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.77.0.1", resolve));
  sshPort = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
});
afterAll(async () => {
  await cli("stop", "--dir", dir);
  for (const folder of [base, images]) rmSync(folder, { recursive: true, force: true });
});

describe("without a cloud", () => {
  it.each([
    ["help, with examples and exit codes", ["--help"], 0, /Examples:\n[^]*local-cloud ssh [^]*Exit codes: 0 done/],
    ["faults are explained", ["start", "--help"], 0, /--fault 'POST \/v2\/droplets: drop-after/],
    ["an unknown command", ["frob"], 64, /unknown command 'frob'/],
    ["a missing option", ["list"], 64, /--dir/],
    ["a fault that is none", ["start", "--dir", "x", "--images", "x", "--fault", "429"], 64, /METHOD PATH: EFFECT/],
    ["no image", ["serve", "--dir", "DIR", "--images", "/nowhere"], 78, /no image in \/nowhere: expected SLUG/],
    [
      "no image, in the background",
      ["start", "--dir", "DIR", "--images", "/nowhere"],
      78,
      /ended before it was ready:\n.*no image/,
    ],
    ["list", ["list", "--dir", "DIR"], 69, /no local-cloud runs in .*: `local-cloud start/],
    ["ssh", ["ssh", "--dir", "DIR", "web-1"], 69, /no local-cloud runs/],
    ["stop, which is done", ["stop", "--dir", "DIR"], 0, /none runs in/],
  ])("%s", async (_, args, code, text) => {
    const ran = await cli(...args.map((word) => word.replace("DIR", join(base, "none"))));
    expect(ran.code).toBe(code);
    expect(ran.out + ran.err).toMatch(text);
  });
});

describe("with a cloud", { concurrent: false }, () => {
  it("starts in the background and says where, once", async () => {
    const faults = ["--fault", "POST /v2/droplets: 429", "--fault", "POST /v2/droplets: drop-after"];
    const args = ["start", "--dir", dir, "--images", images, "--ssh-port", String(sshPort), ...faults];
    expect(json(await cli(...args, "--json"))).toEqual({
      schema: 1,
      api: readFileSync(join(dir, "api"), "utf8").trim(),
      sshPort,
      accelerator: expect.any(String) as unknown,
      pid: expect.any(Number) as unknown,
    });
    const again = await cli(...args);
    expect(again).toMatchObject({
      code: 73,
      err: expect.stringMatching(/runs in .* already, with pid \d+/) as unknown,
    });
    expect(statSync(join(dir, "log")).mode & 0o777).toBe(0o600);
  });

  it("injects its faults, lists what there is, by hand and by machine", async () => {
    expect(json(await cli("list", "--dir", dir, "--json"))).toMatchObject({
      schema: 1,
      faults: ["POST /v2/droplets: 429", "POST /v2/droplets: drop-after"],
      droplets: [],
    });
    expect([await post("web-1"), await post("web-1"), await post("web-2")]).toEqual([429, 0, 202]);
    await vi.waitFor(async () => {
      const { out } = await cli("list", "--dir", dir);
      expect(out).toMatch(new RegExp(`^\\d+  127\\.77\\.0\\.1:${sshPort}  off  web-1  did not boot\n\\d+  127`));
    }, 30_000);
    const { droplets, faults } = json(await cli("list", "--dir", dir, "--json")) as {
      droplets: unknown[];
      faults: unknown;
    };
    expect(faults).toEqual([]);
    expect(droplets).toMatchObject([
      { name: "web-1", pid: null, error: expect.stringMatching(/qcow2/) as unknown },
      {},
    ]);
  });

  it("logs events and requests, of all or of one, never a body", async () => {
    const all = await cli("logs", "--dir", dir);
    expect(all.code).toBe(0);
    expect(all.out).toMatch(
      /POST \/v2\/droplets: 429 \(--fault: status\)\n[^]*POST \/v2\/droplets: no answer \(--fault: drop-after\)/,
    );
    expect(all.out).toMatch(/web-1 \(\d+\) boot-failed: .*qcow2/);
    expect(readFileSync(join(dir, "log"), "utf8")).not.toContain("do not log me");
    const one = await cli("logs", "--dir", dir, "--json", "web-2");
    const lines = one.out.split("\n").map((line) => JSON.parse(line) as { event: string; name: string });
    expect(lines.map(({ event, name }) => `${name} ${event}`)).toEqual(["web-2 created", "web-2 boot-failed"]);
  });

  it("says which droplets there are when asked for another", async () => {
    for (const command of ["console", "ssh"]) {
      const ran = await cli(command, "--dir", dir, "web-9");
      expect(ran).toMatchObject({ code: 66, err: expect.stringMatching(/no droplet web-9 .*\(web-1\), /) as unknown });
    }
    const { droplets } = json(await cli("list", "--dir", dir, "--json")) as { droplets: { id: number }[] };
    const id = String(droplets[0]?.id);
    writeFileSync(join(dir, "droplets", id, "console.log"), "\u001B[2Jearly\r\nlate\r\n");
    expect(await cli("console", "--dir", dir, "web-1")).toEqual({ code: 0, out: "early\nlate", err: "" });
    expect((await cli("console", "--dir", dir, id)).out).toBe("early\nlate");
  });

  it("logs in over the real ssh: checked against known hosts, refused for another key, and says when it checks nothing", async () => {
    const key = async (name: string): Promise<string> => {
      await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(base, name)]);
      return readFileSync(join(base, `${name}.pub`), "utf8");
    };
    await key("host");
    const other = await key("other");
    const config = [
      `ListenAddress 127.77.0.1:${sshPort}`,
      `HostKey ${join(base, "host")}`,
      `AuthorizedKeysFile ${join(base, "user.pub")}`,
      "StrictModes no",
      "UsePAM no",
      "PidFile none",
      "PermitRootLogin yes",
      "PasswordAuthentication no",
    ];
    await key("user");
    writeFileSync(join(base, "sshd_config"), `${config.join("\n")}\n`);
    const { path, libraries } = await ensureSshd();
    const [program, ...before] = [...withSshdUser(base), path];
    const env = { ...process.env, ...(libraries === "" ? {} : { LD_LIBRARY_PATH: libraries }) };
    const sshd = spawn(program, [...before, "-D", "-e", "-f", join(base, "sshd_config")], { stdio: "ignore", env });
    try {
      const names = `[127.77.0.1]:${sshPort}`;
      writeFileSync(join(base, "right"), `${names} ${readFileSync(join(base, "host.pub"), "utf8")}`);
      writeFileSync(join(base, "wrong"), `${names} ${other}`);
      const login = async (...more: string[]): Promise<Ran> => {
        const who = ["--user", userInfo().username, "--identity", join(base, "user")];
        return cli("ssh", "--dir", dir, ...who, ...more, "web-1", "echo", "in;", "exit", "7");
      };
      const right = await vi.waitFor(async () => {
        const ran = await login("--known-hosts", join(base, "right"));
        expect(ran.err).not.toMatch(/refused|reset/);
        return ran;
      }, 10_000);
      expect(right).toMatchObject({ code: 7, out: "in", err: "" });
      const wrong = await login("--known-hosts", join(base, "wrong"));
      expect(wrong).toMatchObject({
        code: 255,
        out: "",
        err: expect.stringMatching(/verification failed/) as unknown,
      });
      const none = await login();
      expect(none).toMatchObject({
        code: 7,
        out: "in",
        err: expect.stringMatching(/^local-cloud: the host key is not checked/) as unknown,
      });
      const missing = await login("--known-hosts", join(base, "nowhere"));
      expect(missing).toMatchObject({ code: 66, out: "" });
    } finally {
      sshd.kill();
    }
  });

  it("who follows the log stops with the cloud; stop leaves the log and nothing else", async () => {
    const following = cli("logs", "--dir", dir, "--follow");
    const stopped = json(await cli("stop", "--dir", dir, "--json"));
    expect(stopped).toEqual({ schema: 1, stopped: true, pid: expect.any(Number) as unknown });
    expect((await following).out).toMatch(/web-1 \(\d+\) deleted/);
    expect(existsSync(join(dir, "log"))).toBe(true);
    expect(["pid", "api", "droplets"].filter((name) => existsSync(join(dir, name)))).toEqual([]);
    expect((await cli("list", "--dir", dir)).code).toBe(69);
  });
});
