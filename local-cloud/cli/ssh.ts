import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError, EX_NOINPUT, EX_UNAVAILABLE } from "./exit-codes.ts";

/** Whom to log in to, and how. */
export interface SshTarget {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** file with the only host keys to be believed; undefined: none are checked */
  readonly knownHosts: string | undefined;
  readonly identity: string | undefined;
}

/**
 * Arguments of `ssh`. With known hosts nothing else is believed, not even what the user's own files say of that address: on loopback
 * addresses come back. Without, nothing is learnt either.
 */
export function sshArguments(target: SshTarget, command: readonly string[]): string[] {
  const checked = target.knownHosts !== undefined;
  const options = [
    `UserKnownHostsFile=${checked ? quoted(target.knownHosts) : "/dev/null"}`,
    "GlobalKnownHostsFile=/dev/null",
    `StrictHostKeyChecking=${checked ? "yes" : "no"}`,
    "UpdateHostKeys=no",
    ...(checked ? [] : ["LogLevel=ERROR"]),
  ];
  const identity = target.identity === undefined ? [] : ["-i", target.identity];
  return [
    ...options.flatMap((option) => ["-o", option]),
    ...identity,
    "-p",
    String(target.port),
    "-l",
    target.user,
    "--",
    target.address,
    ...command,
  ];
}

/**
 * Runs the system's ssh.
 *
 * @returns its exit code
 * @throws CliError 66 when there is no such file, 69 when there is no ssh
 */
export async function ssh(target: SshTarget, command: readonly string[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "local-cloud-ssh-"));
  try {
    const knownHosts =
      target.knownHosts === undefined ? undefined : copied(target.knownHosts, join(dir, "known_hosts"));
    const child = spawn("ssh", sshArguments({ ...target, knownHosts }, command), { stdio: "inherit" });
    return await new Promise((resolve, reject) => {
      child.once("error", (cause) => reject(new CliError(EX_UNAVAILABLE, `ssh: ${cause.message}`, { cause })));
      child.once("close", (code) => resolve(code ?? EX_UNAVAILABLE));
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** ssh reads the file more than once, which `<(bootseed known-hosts)` does not bear. */
function copied(from: string, to: string): string {
  try {
    writeFileSync(to, readFileSync(from), { mode: 0o600 });
    return to;
  } catch (cause) {
    throw new CliError(EX_NOINPUT, `--known-hosts: ${(cause as Error).message}`, { cause });
  }
}

/** One word in ssh's list of files. */
function quoted(path: string | undefined): string {
  return `"${path?.replaceAll("%", "%%")}"`;
}
