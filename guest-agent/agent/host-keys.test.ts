/** Which files hold sshd's host keys, whatever lies among its configuration; ssh-keygen is the real one. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "bootseed-host-keys-"));
  mkdirSync(join(root, "etc/ssh/sshd_config.d"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

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
});
