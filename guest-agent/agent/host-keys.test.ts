/** Which files hold sshd's host keys, whatever lies among its configuration; ssh-keygen is the real one. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { signByHostKey } from "./host-keys.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootseed-host-keys-"));
  mkdirSync(join(root, "etc/ssh/sshd_config.d"), { recursive: true });
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

const SHOW = `
import { findHostKeys } from ${JSON.stringify(join(import.meta.dirname, "host-keys.ts"))};
import { Machine } from ${JSON.stringify(join(import.meta.dirname, "machine.ts"))};
const { keys, remarks } = findHostKeys(new Machine(process.argv[1]));
console.log(JSON.stringify({ files: [...keys.keys()], remarks }));
`;

/** In a process of its own, as one that waits for a pipe cannot be interrupted. */
function found(): { files: string[]; remarks: string[] } {
  const args = ["--input-type=module", "-e", SHOW, root];
  const options = {
    encoding: "utf8",
    timeout: 30_000,
    killSignal: "SIGKILL",
  } as const;
  return JSON.parse(execFileSync(process.execPath, args, options)) as {
    files: string[];
    remarks: string[];
  };
}

const put = (path: string, text: string | Uint8Array): void => writeFileSync(join(root, "etc/ssh", path), text);
function key(name: string): string {
  const file = join(root, "etc/ssh", name);
  execFileSync("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  return file;
}

describe("the agent's host keys", () => {
  it("are found whatever lies among the included files: a pipe, a folder, text that is not UTF-8", () => {
    const files = [key("host.ed25519"), key("other")];
    put(
      "sshd_config",
      Buffer.from("# gr\xfc\xdfe\nInclude sshd_config.d/*\nHostKey /etc/ssh/host.ed25519\n", "latin1"),
    );
    put("sshd_config.d/z.conf", "HostKey /etc/ssh/other\n");
    execFileSync("mkfifo", [join(root, "etc/ssh/sshd_config.d/a.conf")]);
    mkdirSync(join(root, "etc/ssh/sshd_config.d/b.conf"));
    expect(found()).toEqual({ files, remarks: [] });
  });

  it("are found where 40 files each include all of them", () => {
    const files = [key("mine")];
    put("sshd_config", "Include sshd_config.d/*.conf\n");
    for (let number = 0; number < 40; number++)
      put(`sshd_config.d/${number}.conf`, "Include sshd_config.d/*.conf\nHostKey /etc/ssh/mine\n");
    expect(found()).toEqual({ files, remarks: [] });
  });

  it("are found beside a pipe in the place of the public half, which is remarked", () => {
    const files = [key("mine")];
    put("sshd_config", "HostKey /etc/ssh/mine\n");
    rmSync(join(root, "etc/ssh/mine.pub"));
    execFileSync("mkfifo", [join(root, "etc/ssh/mine.pub")]);
    expect(found()).toEqual({
      files,
      remarks: [`${files[0]}: its .pub is missing or another`],
    });
  });

  it("are those of the files that Include names, in quotes, with ? and with a dot that is a dot", () => {
    const files = ["four", "one", "three"].map(key);
    key("other");
    put(
      "sshd_config",
      'Include "sshd_config.d/?.conf" sshd_config.d/c.conf\nHostKey="/etc/ssh/one"\nHostKey /etc/ssh/gone\n',
    );
    put("sshd_config.d/1.conf", "HostKey /etc/ssh/three\n");
    put("sshd_config.d/c.conf", "hostkey /etc/ssh/four\n");
    for (const name of ["22.conf", "c-conf"]) put(`sshd_config.d/${name}`, "HostKey /etc/ssh/other\n");
    expect(found()).toEqual({ files, remarks: [] });
  });

  it("are ecdsa, ed25519 and rsa where none is named", () => {
    const files = ["ssh_host_ecdsa_key", "ssh_host_ed25519_key"].map(key);
    key("ssh_host_dsa_key");
    put("sshd_config", "# HostKey /etc/ssh/ssh_host_dsa_key\n");
    expect(found()).toEqual({ files, remarks: [] });
  });

  it("are those that sshd says, unless it fails", () => {
    const [said, configured] = [key("said"), key("configured")];
    put("sshd_config", "HostKey /etc/ssh/configured\n");
    mkdirSync(join(root, "usr/sbin"), { recursive: true });
    for (const [status, file] of [
      [0, said],
      [1, configured],
    ] as const) {
      const text = `#!/bin/sh\necho hostkey /etc/ssh/said\nexit ${status}\n`;
      writeFileSync(join(root, "usr/sbin/sshd"), text, { mode: 0o755 });
      expect(found()).toEqual({ files: [file], remarks: [] });
    }
  });

  it("are reported beside those that cannot be used, each of which is named with why", () => {
    const [mine, other] = [key("mine"), key("other")];
    execFileSync("/usr/bin/ssh-keygen", ["-qt", "rsa", "-b", "1024", "-N", "", "-f", join(root, "etc/ssh/short")]);
    execFileSync("/usr/bin/ssh-keygen", ["-qt", "ed25519", "-N", "words", "-f", join(root, "etc/ssh/locked")]);
    execFileSync("mkfifo", [join(root, "etc/ssh/pipe")]);
    copyFileSync(`${other}.pub`, `${mine}.pub`);
    const names = ["locked", "mine", "other", "pipe", "short"];
    put("sshd_config", names.map((name) => `HostKey /etc/ssh/${name}\n`).join(""));
    const { files, remarks } = found();
    expect(files).toEqual([mine, other]);
    expect(remarks).toEqual([
      expect.stringMatching(/locked: .*passphrase/),
      `${mine}: its .pub is missing or another`,
      expect.stringMatching(/pipe: no file$/),
      expect.stringMatching(/short: not reported: ssh-rsa /),
    ]);
  });

  it("sign whatever .pub lies beside them, and leave nothing behind", () => {
    const [mine, other] = [key("mine"), key("other")];
    const line = readFileSync(`${mine}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
    copyFileSync(`${other}.pub`, `${mine}.pub`);
    vi.stubEnv("TMPDIR", join(root, "etc"));
    const signature = signByHostKey(mine, line, "a@b", Buffer.from("data"));
    expect(readdirSync(join(root, "etc"))).toEqual(["ssh"]);
    writeFileSync(join(root, "signature"), signature);
    const args = ["-Y", "check-novalidate", "-n", "a@b", "-s", join(root, "signature")];
    const checked = execFileSync("/usr/bin/ssh-keygen", args, { input: "data", encoding: "utf8" });
    const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
    const print = createHash("sha256").update(blob).digest("base64").replace(/=+$/, "");
    expect(checked).toContain(`SHA256:${print}`);
  });
});
