/**
 * Where the host may dial. Addresses of VMs come from people, programs and a cloud's API; a destroyed VM's address goes
 * to a stranger. So the service never lets itself be sent to its own machine, its own networks or a cloud's metadata.
 */
import { BlockList, isIPv4, isIPv6 } from "node:net";

type Family = "ipv4" | "ipv6";
type Subnet = readonly [address: string, prefix: number, family: Family];

/** An address of this machine, as `os.networkInterfaces()` says it: "203.0.113.4/24", or null where it has no prefix. */
export type OwnAddress = { readonly cidr: string | null };

/** IANA special-purpose registries (RFC 6890), as far as no VM of ours can be there. */
const NEVER: readonly Subnet[] = [
  ["0.0.0.0", 8, "ipv4"], // this host (RFC 1122): Linux connects 0.0.0.0 to itself
  ["127.0.0.0", 8, "ipv4"], // loopback
  ["169.254.0.0", 16, "ipv4"], // link-local, metadata services
  ["192.0.0.0", 24, "ipv4"], // IETF protocol assignments, a metadata service
  ["100.100.100.200", 32, "ipv4"], // a metadata service
  ["168.63.129.16", 32, "ipv4"], // another
  ["224.0.0.0", 3, "ipv4"], // multicast, reserved, broadcast
  ["::", 127, "ipv6"], // unspecified and loopback
  ["fe80::", 10, "ipv6"], // link-local
  ["fec0::", 10, "ipv6"], // site-local (RFC 3879)
  ["fd00:ec2::254", 128, "ipv6"], // a metadata service
  ["fd20:ce::254", 128, "ipv6"], // another
  ["fd00:c1::a9fe:a9fe", 128, "ipv6"], // another
  ["ff00::", 8, "ipv6"], // multicast
];

/** @returns address, prefix and family of "198.18.0.0/15" or "2001:db8::/32"; null for anything else */
export function parseCidr(text: string): Subnet | null {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const [, address = "", bits = ""] = match ?? [];
  const prefix = Number(bits);
  if (isIPv4(address)) return prefix <= 32 ? [address, prefix, "ipv4"] : null;
  return isIPv6(address) && !address.includes("%") && prefix <= 128 ? [address, prefix, "ipv6"] : null;
}

/**
 * @example
 * const policy = new AddressPolicy(config.dial.allow);
 * policy.refresh(Object.values(networkInterfaces()).flatMap((each) => each ?? []));
 * policy.permits("203.0.113.9");
 */
export class AddressPolicy {
  readonly #allowed: Subnets;
  readonly #never: Subnets = new Subnets(NEVER);
  #own: Subnets = new Subnets([]);

  /** @param allow CIDRs that may be dialled whatever else they are; what is no CIDR was refused with the config */
  constructor(allow: readonly string[]) {
    this.#allowed = new Subnets(parsed(allow));
  }

  /** Interfaces come and go: @param own addresses of this machine now */
  refresh(own: readonly OwnAddress[]): void {
    this.#own = new Subnets(parsed(own.flatMap(({ cidr }) => cidr ?? [])));
  }

  /** Whether a literal address may be dialled; a name may not: it is resolved first, and once. */
  permits(address: string): boolean {
    // A zone ("fe80::1%eth0") only exists on link-local addresses, which are refused anyway.
    if (!isIPv4(address) && (!isIPv6(address) || address.includes("%"))) return false;
    // The kernel dials an IPv4-mapped address as IPv4. The other forms may lead there: enough to refuse, not to allow.
    const mapped = isIPv4(address) ? [] : embedded(address, MAPPED);
    if ([address, ...mapped].some((form) => this.#allowed.hold(form))) return true;
    const forms = isIPv4(address) ? [address] : [address, ...embedded(address, MAPPED, ...TRANSLATED)];
    return !forms.some((form) => this.#never.hold(form) || this.#own.hold(form));
  }
}

/** Apart by family: a BlockList would find every IPv4 address in `::/0`. */
class Subnets {
  readonly #lists: Record<Family, BlockList> = { ipv4: new BlockList(), ipv6: new BlockList() };

  constructor(subnets: readonly Subnet[]) {
    for (const subnet of subnets) this.#lists[subnet[2]].addSubnet(...subnet);
  }

  hold(address: string): boolean {
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    return this.#lists[family].check(address, family);
  }
}

function parsed(cidrs: readonly string[]): Subnet[] {
  return cidrs.flatMap((cidr) => {
    const subnet = parseCidr(cidr);
    return subnet === null ? [] : [subnet];
  });
}

/** An IPv6 form that holds an IPv4 address, and where in its 16 bytes that is. */
type Embedding = { readonly form: Subnets; readonly offset: number };

const MAPPED: Embedding = { form: new Subnets([["::ffff:0:0", 96, "ipv6"]]), offset: 12 };
const TRANSLATED: readonly Embedding[] = [
  { form: new Subnets([["::", 96, "ipv6"]]), offset: 12 }, // IPv4-compatible (RFC 4291)
  { form: new Subnets([["64:ff9b::", 96, "ipv6"]]), offset: 12 }, // NAT64 (RFC 6052)
  { form: new Subnets([["64:ff9b:1::", 48, "ipv6"]]), offset: 12 }, // NAT64 of a site (RFC 8215)
  { form: new Subnets([["2002::", 16, "ipv6"]]), offset: 2 }, // 6to4 (RFC 3056)
];

function embedded(address: string, ...embeddings: readonly Embedding[]): string[] {
  const found = embeddings.filter(({ form }) => form.hold(address));
  return found.map(({ offset }) => [...bytesOf(address)].slice(offset, offset + 4).join("."));
}

/** The 16 bytes of a valid IPv6 address. */
function bytesOf(address: string): Uint8Array {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const group = (high?: string, low?: string): string => (Number(high) * 256 + Number(low)).toString(16);
  const text = dotted === null ? address : `${dotted[1]}${group(dotted[2], dotted[3])}:${group(dotted[4], dotted[5])}`;
  const [head = "", tail] = text.split("::");
  const left = head.split(":").filter(Boolean);
  const right = (tail ?? "").split(":").filter(Boolean);
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return Uint8Array.from(groups.flatMap((hex) => [parseInt(hex, 16) >> 8, parseInt(hex, 16) & 0xff]));
}
