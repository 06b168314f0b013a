import { describe, expect, it } from "vitest";
import { AddressPolicy, parseCidr } from "./address-policy.ts";

const OWN = [{ cidr: "203.0.113.4/24" }, { cidr: "2001:db8:1::4/64" }, { cidr: null }, { cidr: "127.0.0.1/8" }];

function policy(...allow: string[]): AddressPolicy {
  const made = new AddressPolicy(allow);
  made.refresh(OWN);
  return made;
}

describe("where the host may dial", () => {
  it.each([
    "198.51.100.7",
    "10.1.2.3",
    "192.168.4.5",
    "100.64.0.1",
    "203.0.114.1",
    "2001:db8:2::1",
    "fd12:3456::1",
    "::ffff:198.51.100.7",
    "::ffff:c633:6407",
    "64:ff9b::198.51.100.7",
  ])("%s: yes", (address) => {
    expect(policy().permits(address)).toBe(true);
  });

  it.each([
    ["this host", "0.0.0.0"],
    ["this host, further in", "0.1.2.3"],
    ["loopback", "127.0.0.1"],
    ["loopback, further in", "127.255.255.254"],
    ["metadata", "169.254.169.254"],
    ["link-local", "169.254.0.1"],
    ["metadata, Alibaba's", "100.100.100.200"],
    ["metadata, Azure's", "168.63.129.16"],
    ["metadata, Oracle's", "192.0.0.192"],
    ["metadata, Oracle's, IPv6", "fd00:c1::a9fe:a9fe"],
    ["metadata, Google's, IPv6", "fd20:ce::254"],
    ["metadata, by a site's NAT64", "64:ff9b:1::a9fe:a9fe"],
    ["multicast", "224.0.0.1"],
    ["multicast, its end", "239.255.255.255"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["its own address", "203.0.113.4"],
    ["its own network", "203.0.113.77"],
    ["unspecified", "::"],
    ["loopback, IPv6", "::1"],
    ["loopback, written out", "0:0:0:0:0:0:0:1"],
    ["link-local, IPv6", "fe80::1"],
    ["link-local with a zone", "fe80::1%eth0"],
    ["a zone elsewhere", "2001:db8:2::1%eth0"],
    ["site-local", "fec0::1"],
    ["multicast, IPv6", "ff02::1"],
    ["metadata, IPv6", "fd00:ec2::254"],
    ["its own network, IPv6", "2001:db8:1::99"],
    ["loopback, mapped", "::ffff:127.0.0.1"],
    ["loopback, mapped, in hex", "::ffff:7f00:1"],
    ["loopback, mapped, in capitals", "0:0:0:0:0:FFFF:7F00:0001"],
    ["metadata, mapped", "::ffff:169.254.169.254"],
    ["its own network, mapped", "::ffff:203.0.113.9"],
    ["loopback, compatible", "::127.0.0.1"],
    ["loopback behind NAT64", "64:ff9b::127.0.0.1"],
    ["metadata in 6to4", "2002:a9fe:a9fe::1"],
    ["its own network in 6to4", "2002:cb00:7109::"],
    ["a name", "localhost"],
    ["a name that looks like a number", "2130706433"],
    ["an octal form", "0177.0.0.1"],
    ["nothing", ""],
  ])("%s: never", (_, address) => {
    expect(policy().permits(address)).toBe(false);
  });

  it("opens exactly what the config allows", () => {
    expect(policy("203.0.113.64/26").permits("203.0.113.77")).toBe(true);
    expect(policy("203.0.113.64/26").permits("::ffff:203.0.113.77")).toBe(true);
    expect(policy("203.0.113.64/26").permits("203.0.113.4")).toBe(false);
    expect(policy("127.0.0.0/8").permits("127.0.0.9")).toBe(true);
    expect(policy("::1/128").permits("::1")).toBe(true);
    expect(policy("::1/128").permits("127.0.0.1")).toBe(false);
    expect(policy("::/0").permits("127.0.0.1")).toBe(false);
    expect(policy("0.0.0.0/0").permits("::1")).toBe(false);
  });

  it("follows the machine's interfaces", () => {
    const moving = policy();
    moving.refresh([{ cidr: "198.51.100.1/24" }]);
    expect([moving.permits("203.0.113.77"), moving.permits("198.51.100.7")]).toEqual([true, false]);
  });
});

it.each([
  ["10.0.0.0/8", ["10.0.0.0", 8, "ipv4"]],
  ["::/0", ["::", 0, "ipv6"]],
  ["10.0.0.0/33", null],
  ["10.0.0.0", null],
  ["10.0.0.0/08", null],
  ["2001:db8::/129", null],
  ["fe80::%eth0/64", null],
  ["example.net/8", null],
])("CIDR %s", (text, expected) => {
  expect(parseCidr(text)).toEqual(expected);
});
