/** The boothook and the gate as sh runs them, in a folder that stands for `/`. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { prerequisite } from "../tests/prerequisite.ts";
import { pyenv } from "./tests/pyenv.ts";

const PACKED = join(import.meta.dirname, "..", "seeder", "kit");
const SEED = Buffer.from("not a seed, but as secret as one").toString("base64");

let root: string;

function put(path: string, text: string): string {
  const full = join(root, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, text);
  return full;
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** The hook's own line of PATH and python3. */
const OURS = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
const PYTHON = "/usr/bin/python3";

/** A program that notes how it was called. */
function stub(name: string, body = ""): void {
  chmodSync(put(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>${root}/calls\n${body}\n`), 0o755);
}

/** A program of that name that is not the distribution's: it fails, and notes that it was called. */
function foreign(name: string): void {
  chmodSync(put(`foreign/${name}`, `#!/bin/sh\necho "${name} $*" >>${root}/foreign-calls\nexit 1\n`), 0o755);
}

const START: unknown = expect.stringMatching(/^systemd-run --no-block -u bootseed-first-boot /);

/** The first calls of programs. */
const calls = (count: number): string[] => read("calls").split("\n").slice(0, count);

/** Text with the absolute paths of a VM turned to the folder. */
function here(text: string): string {
  return text.replaceAll(/\/(?=(?:run|var\/lib|usr\/local\/lib)\/bootseed)/g, `${root}/`);
}

interface Ran {
  readonly status: number | null;
  readonly printed: string;
}

interface Surroundings {
  /** in place of /usr/bin/python3 */
  readonly python?: string;
  /** what cloud-init was started with */
  readonly path?: string;
}

/** Runs the hook; in front of its own PATH are the stubs. */
function runHook(instanceId = "4711", { python = PYTHON, path = process.env["PATH"] ?? "" }: Surroundings = {}): Ran {
  const hook = readFileSync(join(PACKED, "hook.sh"), "utf8")
    .replace("@KIT@", () => readFileSync(join(PACKED, "kit.b94"), "utf8").trim())
    .replace("@SEED@", SEED)
    .replace("\ncd /\n", `\ncd ${root}\n`)
    .replace(`\n${OURS} p=${PYTHON}\n`, `\n${OURS.replace("=", `=${root}/bin:`)} p=${python}\n`)
    .replace("kit.pyz hook", `kit.pyz hook --root ${root}`);
  const file = put("part-001", hook);
  const env = { PATH: path, INSTANCE_ID: instanceId };
  const run = spawnSync("/bin/sh", [file], { env, encoding: "utf8", timeout: 60_000 });
  return { status: run.status, printed: run.stdout + run.stderr };
}

function runGate(): Ran {
  const text = readFileSync(join(import.meta.dirname, "kit", "gate.sh"), "utf8");
  const gate = put("gate", here(text).replace(OURS, OURS.replace("=", `=${root}/bin:`)));
  const run = spawnSync(
    "/bin/sh",
    [gate, "4711", join(root, "var/lib/bootseed/gate-done"), join(root, "run/bootseed")],
    {
      env: { PATH: `${root}/foreign:${process.env["PATH"]}` },
      encoding: "utf8",
      timeout: 60_000,
    },
  );
  return { status: run.status, printed: run.stdout + run.stderr };
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootseed-hook-"));
  put("etc/systemd/system/keep", "");
  put("proc/sys/kernel/random/poolsize", "256\n");
  put("proc/sys/kernel/random/boot_id", "7428aeb4-37c9-82fe-c7d7-492cdcbf3206\n");
  stub("systemctl");
  stub("systemd-run");
});
afterEach(() => rmSync(root, { recursive: true }));

describe("the boothook", () => {
  it("ends 0, prints nothing, logs privately, leaves no seed", () => {
    expect(runHook()).toEqual({ status: 0, printed: "" });
    expect(read("run/bootseed/log")).toContain("no seed");
    expect(read("run/bootseed/log")).not.toContain(SEED);
    expect(read("run/bootseed/verdict")).toBe("no-seed 0\n");
    expect(existsSync(join(root, "run/bootseed/seed"))).toBe(false);
    for (const path of ["run/bootseed", "var/lib/bootseed", "run/bootseed/log", "usr/local/lib/bootseed"])
      expect(statSync(join(root, path)).mode & 0o077, path).toBe(0);
  });

  it("writes and starts the gate before anything else, and without python3", () => {
    stub("python3", "exit 127");
    expect(runHook("4711", { python: join(root, "bin/python3") })).toEqual({ status: 0, printed: "" });
    expect(calls(2)).toEqual([START, expect.stringContaining("python3 -Ic")]);
    const [gate = ""] = calls(1);
    expect(gate).toContain(
      " -p Before=ssh.service sshd.service sshd-keygen.service sshd-keygen.target sshd-keygen@rsa.service ",
    );
    expect(gate).toMatch(
      / \/bin\/sh \/usr\/local\/lib\/bootseed\/gate 4711 \/var\/lib\/bootseed\/gate-done \/run\/bootseed$/,
    );
    expect(existsSync(join(root, "run/bootseed/seed"))).toBe(false);
  });

  it.each(["with no _lzma", "3.6", "3.7"])(
    "C4 (instaloader#124, pandas#27532): calls the distribution's programs when another python3 (%s) is first on PATH",
    (which) => {
      const real = which.startsWith("3.") ? pyenv(which) : undefined;
      for (const name of ["python3", "base64", "find", "flock", "cat", "sync", "grep", "mkdir", "rm"]) foreign(name);
      if (real !== undefined) {
        rmSync(join(root, "foreign/python3"));
        symlinkSync(real, join(root, "foreign/python3"));
      }
      expect(runHook("4711", { path: `${root}/foreign:${process.env["PATH"]}` })).toEqual({ status: 0, printed: "" });
      expect(existsSync(join(root, "foreign-calls"))).toBe(false);
      expect(read("run/bootseed/verdict")).toBe("no-seed 0\n");
      expect(existsSync(join(root, "usr/local/lib/bootseed/kit.pyz"))).toBe(true);
    },
  );

  it.each([
    ["missing", "", /not found/],
    [
      "unable to load lzma",
      "echo \"ModuleNotFoundError: No module named '_lzma'\" >&2; exit 1",
      /No module named '_lzma'/,
    ],
  ])("where python3 is %s the verdict is failed, and the log names python3 and why", (_, body, why) => {
    const python = join(root, "bin/python3");
    if (body !== "") stub("python3", body);
    expect(runHook("4711", { python })).toEqual({ status: 0, printed: "" });
    expect(read("run/bootseed/verdict")).toBe("failed\n");
    expect(read("run/bootseed/log")).toMatch(/^bootseed: failed: .*python3, 3\.8 or later/m);
    expect(read("run/bootseed/log")).toMatch(why);
    expect(existsSync(join(root, "run/bootseed/seed"))).toBe(false);
  });

  it("starts the gate and unpacks the kit on an instance's first boot only; the rest at every boot", () => {
    runHook();
    put("var/lib/bootseed/gate-done", "4711 passed\n");
    rmSync(join(root, "calls"));
    rmSync(join(root, "run"), { recursive: true });
    expect(runHook()).toEqual({ status: 0, printed: "" });
    expect(existsSync(join(root, "calls"))).toBe(false);
    expect(read("run/bootseed/verdict")).toBe("no-seed 0\n");
    runHook("471");
    expect(calls(1)).toEqual([START]);
    expect(existsSync(join(root, "var/lib/bootseed/gate-done"))).toBe(false);
  });

  it("takes an instance-id with a space or a dot as it is", () => {
    put("var/lib/bootseed/gate-done", "a b passed\n");
    runHook("a b");
    expect(existsSync(join(root, "calls"))).toBe(false);
    runHook("a.*b");
    expect(calls(1)).toEqual([expect.stringContaining("/gate a.*b /var/lib")]);
    expect(readFileSync(join(PACKED, "hook.sh"), "utf8")).toContain('gate "$i" /$m /$r');
  });

  it("follows no link and waits for no pipe that the agent's user laid into the state", () => {
    const key = put("etc/ssh_host_key", "untouched");
    mkdirSync(join(root, "var/lib/bootseed/0011223344556677"), { recursive: true });
    symlinkSync(key, join(root, "var/lib/bootseed/lock"));
    symlinkSync(key, join(root, "var/lib/bootseed/0011223344556677/claim"));
    const pipes = ["gate-done", "verdict.json", "0011223344556677/statement"];
    for (const name of pipes) spawnSync("mkfifo", [join(root, "var/lib/bootseed", name)]);
    expect(runHook()).toEqual({ status: 0, printed: "" });
    expect(read("run/bootseed/verdict")).toBe("no-seed 0\n");
    expect(read("etc/ssh_host_key")).toBe("untouched");
    expect(lstatSync(join(root, "var/lib/bootseed/lock")).isFile()).toBe(true);
  });

  it("gives what it starts no descriptor of cloud-init's to hold open", () => {
    stub("systemd-run", `fds=$(readlink /proc/$$/fd/1 /proc/$$/fd/2); echo "$fds" >>${root}/calls`);
    runHook();
    const log = `${root}/run/bootseed/log`;
    expect(calls(3)).toEqual([START, log, log]);
  });

  it("keeps the seed out of arguments and environment", () => {
    const hook = readFileSync(join(PACKED, "hook.sh"), "utf8");
    expect(hook).not.toMatch(/export|set -a/);
    expect(hook.split("\n").filter((line) => line.includes("BOOTSEED"))).toEqual([
      "BOOTSEED=@SEED@",
      "echo $BOOTSEED | base64 -d >$r/seed",
    ]);
  });
});

const ANALYZE = prerequisite(
  spawnSync("systemd-analyze", ["--version"]).status === 0,
  "expected systemd-analyze: apt-get install systemd",
);

describe.skipIf(!ANALYZE)("the units", () => {
  it("are what systemd accepts", () => {
    runHook();
    const files = readdirSync(join(root, "etc/systemd/system")).filter((name) =>
      /^bootseed-.*(?:service|timer|target)$/.test(name),
    );
    expect(files.length).toBe(5);
    const command = ["verify", "--man=no", ...files.map((name) => join(root, "etc/systemd/system", name))];
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${root}/etc/systemd/system:` };
    const verify = spawnSync("systemd-analyze", command, { env, encoding: "utf8" });
    const said = (verify.stdout + verify.stderr).split("\n");
    expect(said.filter((line) => line.includes("bootseed-") && !line.includes("is not executable"))).toEqual([]);
  });
});

describe("the gate", () => {
  beforeEach(() => {
    put("run/bootseed/log", "");
    put("var/lib/bootseed/lock", "");
  });

  it("passes at once when the reseed is proven and no host keys were there before", () => {
    put("run/bootseed/verdict", "reseeded 0\n");
    stub("sleep", "exit 1");
    expect(runGate()).toEqual({ status: 0, printed: "" });
    expect(read("var/lib/bootseed/gate-done")).toBe("4711 passed\n");
    expect(existsSync(join(root, "calls"))).toBe(false);
  });

  it("writes its mark in place of a link that the agent's user laid, not through it", () => {
    const key = put("etc/ssh_host_key", "untouched");
    symlinkSync(key, join(root, "var/lib/bootseed/gate-done"));
    put("run/bootseed/verdict", "reseeded 0\n");
    expect(runGate()).toEqual({ status: 0, printed: "" });
    expect(read("etc/ssh_host_key")).toBe("untouched");
    expect(read("var/lib/bootseed/gate-done")).toBe("4711 passed\n");
  });

  it("holds until then", () => {
    stub("sleep", `[ $(wc -l <${root}/calls) -lt 5 ] || echo reseeded 0 >${root}/run/bootseed/verdict`);
    expect(runGate()).toEqual({ status: 0, printed: "" });
    expect(read("var/lib/bootseed/gate-done")).toBe("4711 held\n");
    expect(read("calls").trim().split("\n")).toEqual(Array.from({ length: 5 }, () => "sleep 2"));
  });

  it.each(["", "reseeded 1\n", "reseeded 01\n", "unproven 0\n", "no-seed 0\n", "spent 0\n", "failed\n"])(
    "gives up on %j after 330 s, loudly",
    (verdict) => {
      if (verdict !== "") put("run/bootseed/verdict", verdict);
      stub("sleep");
      const { status, printed } = runGate();
      expect(status).toBe(1);
      expect(printed).toContain("TRUST NO KEY HERE");
      expect(read("var/lib/bootseed/gate-done")).toBe("4711 warned\n");
      expect(read("calls").trim().split("\n").length).toBe(165);
    },
  );

  it("uses the distribution's programs, whatever else is first on PATH", () => {
    put("run/bootseed/verdict", "reseeded 0\n");
    for (const name of ["flock", "grep", "sleep"]) foreign(name);
    expect(runGate()).toEqual({ status: 0, printed: "" });
    expect(existsSync(join(root, "foreign-calls"))).toBe(false);
  });

  it("waits for the hook's lock", () => {
    stub("flock");
    put("run/bootseed/verdict", "reseeded 0\n");
    runGate();
    expect(read("calls")).toBe(`flock -w 60 lock true\n`);
  });
});
