/** OpenSSH `known_hosts` lines. Pure, and strict about what a report may put into a file that ssh trusts. */
import { canonicalHost, wordProblem } from "@bootseed/protocol";

/** One public key line as `ssh-keygen` writes it, comment dropped. Nothing else may reach a known_hosts file. */
const HOST_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) [A-Za-z0-9+/]{20,4096}={0,2}(?= |$)/;

/**
 * @param line a public key line, comment allowed
 * @returns type and key alone, or undefined if it is not a host key
 */
export const hostKeyOf = (line: string): string | undefined =>
  line.includes("\n") ? undefined : HOST_KEY.exec(line)?.[0];

/**
 * The lines by which ssh recognises a VM, addresses outside, keys inside.
 *
 * @param addresses literal addresses or names, written as ssh looks for them: IPv6 as in RFC 5952, names in lower case. What
 *   cannot stand in such a line is left out: a pattern, a list, the empty string of a missing address
 * @param hostKeys public key lines as in the report
 * @param sshPort `[address]:port` is written when it is not 22
 * @returns lines joined by newlines, with one at the end; empty without an address or a key
 *
 * @example
 * knownHostsLines(["127.0.0.1"], ["ssh-ed25519 AAAA…"], 2222) // "[127.0.0.1]:2222 ssh-ed25519 AAAA…\n"
 */
export function knownHostsLines(
  addresses: readonly string[],
  hostKeys: readonly string[],
  sshPort: number = 22,
): string {
  const words = addresses.filter((address) => wordProblem(address) === null).map(canonicalHost);
  return linesUnder([...new Set(words)], hostKeys, sshPort);
}

/** @param words as they are to be written, already checked */
export function linesUnder(words: readonly string[], hostKeys: readonly string[], sshPort: number): string {
  const keys = hostKeys.map(hostKeyOf).filter((key) => key !== undefined);
  const lines = words.flatMap((word) =>
    keys.map((key) => `${sshPort === 22 ? word : `[${word}]:${sshPort}`} ${key}\n`),
  );
  return lines.join("");
}
