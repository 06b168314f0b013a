/**
 * The words by which ssh and an operator name a machine: addresses and host names. One canonical form of each, for
 * comparing and for `known_hosts` lines. Pure functions.
 *
 * ssh itself rewrites the host that it is given before it looks for a key: an address to the form that getnameinfo(3)
 * prints (RFC 5952, with an IPv4-mapped tail in dots), a name to lower case. `ssh-keygen -F` and a `KnownHostsCommand`
 * compare plain text, so only these forms are ever found.
 */
import { isIP, isIPv4, SocketAddress } from "node:net";

const MAX_NAME_CHARS = 255;
const MAPPED = "::ffff:";
/** `7`, `0177`, `0x7f`: inet_aton(3) and ssh read one to four of them as an IPv4 address. */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/i;

/** `[x]` as x: brackets are how a URL and ssh separate an IPv6 address from a port. */
const withoutBrackets = (text: string): string => /^\[([^[\]]*)\]$/.exec(text)?.[1] ?? text;

/**
 * @param text an address, in brackets or not, without a zone
 * @returns its one canonical spelling, or null for anything that is not an address
 *
 * @example
 * canonicalAddress("2a03:b0c0:0002:00d0:0000:0000:0192:b001") // "2a03:b0c0:2:d0::192:b001"
 */
export function canonicalAddress(text: string): string | null {
  const plain = withoutBrackets(text);
  // A zone names a network interface of one machine: on another machine the address means another neighbour.
  if (plain.includes("%")) return null;
  const version = isIP(plain);
  if (version === 0) return null;
  return version === 4 ? plain : new SocketAddress({ address: plain, family: "ipv6" }).address;
}

/**
 * As {@link canonicalAddress}, and for what a user types also the spellings of IPv4 that ssh resolves: `127.1`,
 * `2130706433`, `0x7f.1`.
 */
export function typedAddress(text: string): string | null {
  const address = canonicalAddress(text);
  if (address !== null || !isNumeric(text)) return address;
  const host = URL.canParse(`http://${text}`) ? new URL(`http://${text}`).hostname : "";
  return isIPv4(host) ? host : null;
}

const isNumeric = (text: string): boolean =>
  text
    .replace(/\.$/, "")
    .split(".")
    .every((label) => NUMBER.test(label));

/** Whether a name would be read as an address by some program: a literal of either kind, in any spelling. */
export const isAddressLike = (text: string): boolean =>
  isIP(withoutBrackets(text)) !== 0 || isNumeric(withoutBrackets(text));

/**
 * The spelling of a name or address in a `known_hosts` line.
 *
 * @returns of an address its canonical form, of a name lower case without the final dot
 */
export const canonicalHost = (text: string): string => typedAddress(text) ?? text.toLowerCase().replace(/\.$/, "");

/** What two words for one machine have in common: {@link canonicalHost}, and IPv4-mapped IPv6 as the IPv4 address. */
export function hostKeyWord(text: string): string {
  const word = canonicalHost(text);
  const mapped = word.startsWith(MAPPED) ? word.slice(MAPPED.length) : "";
  return isIPv4(mapped) ? mapped : word;
}

/**
 * Why a word cannot be a VM's name.
 *
 * @returns a phrase that follows "it", or null for a name
 */
export function nameProblem(name: string): string | null {
  if (name === "" || name.length > MAX_NAME_CHARS) return `has not 1 to ${MAX_NAME_CHARS} characters`;
  if (!/^[\u0020-\u007e]+$/.test(name)) return "has a character that is not printable ASCII";
  if (isAddressLike(name)) return "is an IP address, which only a droplet's own addresses may be";
  if (/^[0-9a-f]{32}$/i.test(name)) return "has 32 hex digits, as a VM's seedId, which commands take in its place";
  if (/[ *?!,[\]]/.test(name))
    return "has a space or one of * ? ! , [ ]: in a known_hosts file they are patterns and lists";
  return /^[@#|]/.test(name) ? "starts with @, # or |: in a known_hosts file that is a marker" : null;
}

/**
 * Why a word cannot begin a `known_hosts` line.
 *
 * @param word an address or a name as it was stored
 * @returns a phrase, or null for a word that can
 */
export function wordProblem(word: string): string | null {
  if (canonicalAddress(word) !== null) return null;
  if (word.includes("%") && isIP(word) !== 0) return "has a zone: it is an address of one network interface only";
  if (isAddressLike(word)) return "is an IP address in a spelling that programs read differently";
  return nameProblem(word);
}
