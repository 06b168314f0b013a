import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { addressesIn } from "./addresses.ts";
import { hostKeyOf, knownHostsLines } from "./known-hosts.ts";

const ED = `ssh-ed25519 ${"A".repeat(68)}`;
const RSA = `ssh-rsa ${"B".repeat(300)}==`;

describe("knownHostsLines", () => {
  it("writes one line per address and key, without comments", () => {
    expect(knownHostsLines(["192.0.2.7", "2001:db8::7"], [`${ED} root@web`, RSA])).toBe(
      `192.0.2.7 ${ED}\n192.0.2.7 ${RSA}\n2001:db8::7 ${ED}\n2001:db8::7 ${RSA}\n`,
    );
  });
  it("brackets the address when the port is not 22", () => {
    expect(knownHostsLines(["127.77.0.1"], [ED], 2222)).toBe(`[127.77.0.1]:2222 ${ED}\n`);
  });
  it("drops missing and repeated addresses", () => {
    expect(knownHostsLines(["", "192.0.2.7", "192.0.2.7"], [ED])).toBe(`192.0.2.7 ${ED}\n`);
  });
  it.each(["*", "192.0.2.7,*", "@cert-authority", "|1|abc", "a b", "!x", "x\n*"])(
    "refuses the address %j",
    (address) => {
      expect(knownHostsLines([address], [ED])).toBe("");
    },
  );
  it.each([`${ED}\n* ${ED}`, `* ${ED}`, "@revoked", "ssh-dss AAAA", "", `ssh-ed25519 ${"!".repeat(68)}`])(
    "refuses the key %j",
    (line) => {
      expect(hostKeyOf(line)).toBeUndefined();
    },
  );
});

describe("C5 (digitalocean/terraform-provider-digitalocean#269): a droplet's address as DigitalOcean writes it", () => {
  const OUTPUTS = {
    ipv4Address: "203.0.113.7",
    ipv4AddressPrivate: "",
    ipv6Address: "2a03:b0c0:0002:00d0:0000:0000:0192:b001",
  };
  const CANONICAL = "2a03:b0c0:2:d0::192:b001";
  const fail = (line: string): never => {
    throw new Error(line);
  };

  it("is told to the host and written in canonical form", () => {
    expect(addressesIn(OUTPUTS, fail)).toEqual(["203.0.113.7", CANONICAL]);
    expect(knownHostsLines([OUTPUTS.ipv6Address, CANONICAL], [ED], 22)).toBe(`${CANONICAL} ${ED}\n`);
    expect(knownHostsLines([`[${OUTPUTS.ipv6Address}]`], [ED], 2222)).toBe(`[${CANONICAL}]:2222 ${ED}\n`);
    expect(knownHostsLines(["Web-7.Example.NET"], [ED])).toBe(`web-7.example.net ${ED}\n`);
    expect(knownHostsLines(["127.1", "010.0.0.1", "fe80::1%eth0"], [ED])).toBe("");
  });
  it.each([
    [22, CANONICAL],
    [2222, `[${CANONICAL}]:2222`],
  ])("ssh-keygen -F finds it, port %i", (port, host) => {
    const dir = mkdtempSync(join(tmpdir(), "bootseed-known-"));
    try {
      execFileSync("ssh-keygen", ["-qt", "ed25519", "-N", "", "-f", join(dir, "key")]);
      const key = execFileSync("ssh-keygen", ["-yf", join(dir, "key")])
        .toString()
        .trim();
      writeFileSync(join(dir, "known"), knownHostsLines(addressesIn(OUTPUTS, fail), [key], port));
      const found = execFileSync("ssh-keygen", ["-F", host, "-f", join(dir, "known")]).toString();
      expect(found).toContain(key.split(" ")[1]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

it("an output that holds no IP address is left out with a warning, and the others are told", () => {
  const warnings: string[] = [];
  const outputs = { ipv4Address: "203.0.113.7", ipv4AddressPrivate: "github.com", ipv6Address: "fe80::1%eth0" };
  expect(addressesIn(outputs, (line) => void warnings.push(line))).toEqual(["203.0.113.7"]);
  expect(warnings).toEqual([
    'expected an IP address in ipv4AddressPrivate, got "github.com": it is left out',
    'expected an IP address in ipv6Address, got "fe80::1%eth0": it is left out',
  ]);
});
