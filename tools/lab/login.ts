import { execa } from "execa";

/** Where and as whom to log in. */
export interface Login {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** private key file of the operator */
  readonly key: string;
  /** known_hosts file: the only one that ssh looks at */
  readonly knownHosts: string;
}

/**
 * The arguments of a strict login: an unknown or changed host key ends it, nobody is asked and nothing is learnt. No file of the user's own
 * configuration takes part.
 */
export function strictSsh(login: Login): string[] {
  const options = {
    BatchMode: "yes",
    ConnectTimeout: "10",
    GlobalKnownHostsFile: "/dev/null",
    IdentitiesOnly: "yes",
    StrictHostKeyChecking: "yes",
    UpdateHostKeys: "no",
    UserKnownHostsFile: login.knownHosts,
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  return ["-F", "none", ...flags, "-i", login.key, "-p", String(login.port), `${login.user}@${login.address}`];
}

/** One try. @returns the command's standard output @throws {Error} with ssh's own words */
export async function logIn(login: Login, command: string): Promise<string> {
  return (await execa("ssh", [...strictSsh(login), command], { stdin: "ignore", timeout: 60_000 })).stdout;
}

/** An operator's key pair without passphrase, for one run. @returns the public key's line */
export async function makeOperatorKey(file: string): Promise<string> {
  await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", file], { stdin: "ignore" });
  return (await execa("cat", [`${file}.pub`])).stdout.trim();
}
