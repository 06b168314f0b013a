/** Addresses as operators write them: where the service listens, and what VMs dial. */
import { canonicalAddress, isAddressLike } from "@bootseed/protocol";
import { isIPv6 } from "node:net";
import { z } from "zod";

/** Labels of letters, digits, `-` and `_` (RFC 1123, section 2.1; `_` as resolvers take it). */
const DNS_NAME = /^(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?$/i;
const MAX_CHARS = 255;

/** Host and port; brackets of IPv6 removed. The port is NaN where there is none. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(":");
  const port = address.slice(colon + 1);
  return {
    host: address.slice(0, colon).replace(/^\[([^[\]]*)\]$/, "$1"),
    port: /^\d{1,5}$/.test(port) ? Number(port) : NaN,
  };
}

/**
 * Why VMs cannot dial an address.
 *
 * @returns one sentence with the right form, or null for `host:port` with a DNS name, an IPv4 address or an IPv6 address in brackets
 */
export function dialProblem(address: string): string | null {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(address)?.[0];
  const form = `expected host:port, such as ${example(address)}`;
  if (scheme !== undefined) return `${form}, without ${scheme}`;
  if (/\s/.test(address)) return `${form}, without spaces`;
  if (address.includes("@")) return `${form}, without a user name`;
  if (/[/?#]/.test(address)) return `${form}, without a path`;
  if (isIPv6(address) && canonicalAddress(address) !== null)
    return `expected an IPv6 address in brackets and a port, such as [${address}]:7443`;
  const { host, port } = splitAddress(address);
  if (host === "" || Number.isNaN(port) || address.length > MAX_CHARS) return form;
  if (port < 1 || port > 65_535) return "expected a port from 1 to 65535";
  const bracketed = address.startsWith("[");
  if (isIPv6(host) && canonicalAddress(host) !== null && !bracketed)
    return `expected an IPv6 address in brackets, such as [${host}]:${port}`;
  const good = bracketed ? isIPv6(host) : DNS_NAME.test(host);
  if (!good || (isAddressLike(host) && canonicalAddress(host) === null)) return form;
  return null;
}

/** What was probably meant, or an example of the documentation's. */
function example(address: string): string {
  const authority = address.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "").replace(/[/?#].*$/s, "");
  const host = authority.replace(/^.*@/s, "").replace(/(?<=[^:]):\d*$/, "");
  return DNS_NAME.test(host) && !isAddressLike(host) ? `${host}:7443` : "host.example.net:7443";
}

/**
 * Why the service cannot listen at an address.
 *
 * @returns one sentence with the right form, or null for `ADDRESS:PORT` with an IP address (IPv6 in brackets) or `localhost`; port 0 takes a free one
 */
export function listenProblem(address: string): string | null {
  const form = "expected ADDRESS:PORT with an IP address, such as 0.0.0.0:7443 or [::]:7443";
  const { host, port } = splitAddress(address);
  if (host === "localhost" && !address.startsWith("[") && port <= 65_535) return null;
  if (canonicalAddress(host) === null || isIPv6(host) !== address.startsWith("[") || Number.isNaN(port)) return form;
  return port > 65_535 ? "expected a port from 0 to 65535" : null;
}

const without = (problemOf: (text: string) => string | null): z.ZodType<string> =>
  z.string().superRefine((text, context) => {
    const message = problemOf(text);
    if (message !== null) context.addIssue({ code: "custom", message });
  });

/** An address that VMs dial, or where a VM is dialled: {@link dialProblem}. */
export const dialled: z.ZodType<string> = without(dialProblem);
/** Where the service listens: {@link listenProblem}. */
export const listenAt: z.ZodType<string> = without(listenProblem);
