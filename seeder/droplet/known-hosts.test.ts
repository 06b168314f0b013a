import { describe, expect, it } from "vitest";
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
