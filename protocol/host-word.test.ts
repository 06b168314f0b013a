import * as fc from "fast-check";
import { SocketAddress } from "node:net";
import { describe, expect, it } from "vitest";
import { canonicalAddress, canonicalHost, hostKeyWord, isAddressLike, nameProblem, wordProblem } from "./host-word.ts";

const group = fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const groups = fc.oneof(
  fc.array(group, { minLength: 8, maxLength: 8 }),
  fc.tuple(group, group).map((tail) => [0, 0, 0, 0, 0, 0xffff, ...tail]),
);
/** Spellings of one address: padding, case, one run of zeros as `::`, the last two groups in dots. */
const spelling = groups.chain((words) =>
  fc
    .record({
      pad: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 8, maxLength: 8 }),
      upper: fc.boolean(),
      brackets: fc.boolean(),
      dots: fc.boolean(),
      from: fc.integer({ min: 0, max: 7 }),
      length: fc.integer({ min: 0, max: 8 }),
    })
    .map(({ pad, upper, brackets, dots, from, length }) => {
      const [high = 0, low = 0] = words.slice(6);
      const tail = [high >> 8, high & 255, low >> 8, low & 255].join(".");
      const parts = words.map((word, i) => word.toString(16).padStart(pad[i] ?? 1, "0"));
      const last = dots ? [...parts.slice(0, 6), tail] : parts;
      const until = from + length;
      const canSkip = length > 0 && until <= (dots ? 6 : 8) && words.slice(from, until).every((word) => word === 0);
      const text = canSkip ? `${last.slice(0, from).join(":")}::${last.slice(until).join(":")}` : last.join(":");
      const cased = upper ? text.toUpperCase() : text;
      return { words, text: brackets ? `[${cased}]` : cased };
    }),
);

describe("C5 (digitalocean/terraform-provider-digitalocean#269): one spelling of each address", () => {
  it("every spelling of an IPv6 address becomes the one that Node and getnameinfo print", () => {
    fc.assert(
      fc.property(spelling, ({ words, text }) => {
        const full = words.map((word) => word.toString(16)).join(":");
        const canonical = new SocketAddress({ address: full, family: "ipv6" }).address;
        expect(canonicalAddress(text)).toBe(canonical);
        expect(canonicalAddress(canonical)).toBe(canonical);
        expect(wordProblem(text)).toBeNull();
        expect(nameProblem(text)).not.toBeNull();
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["2a03:b0c0:0002:00d0:0000:0000:0192:b001", "2a03:b0c0:2:d0::192:b001"],
    ["2A03:B0C0:2:D0:0:0:192:B001", "2a03:b0c0:2:d0::192:b001"],
    ["[2a03:b0c0:2:d0::192:b001]", "2a03:b0c0:2:d0::192:b001"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::FFFF:cb00:7107", "::ffff:203.0.113.7"],
    ["203.0.113.7", "203.0.113.7"],
    ["127.1", "127.0.0.1"],
    ["2130706433", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1"],
    ["Web-7.Example.NET.", "web-7.example.net"],
    ["web_7", "web_7"],
  ])("%s is written as %s", (text, canonical) => {
    expect(canonicalHost(text)).toBe(canonical);
    expect(canonicalHost(canonical)).toBe(canonical);
  });

  it("an IPv4-mapped address and the IPv4 address are one machine", () => {
    expect(hostKeyWord("::ffff:203.0.113.7")).toBe(hostKeyWord("203.0.113.7"));
    expect(hostKeyWord("::FFFF:CB00:7107")).toBe("203.0.113.7");
    expect(hostKeyWord("::203.0.113.7")).not.toBe("203.0.113.7");
  });

  it.each(["fe80::1%eth0", "1:2:3", "::1::2", "256.1.1.1", "010.0.0.1", "1.2.3.4 ", "", "[web-7]"])(
    "%j is no address",
    (text) => expect(canonicalAddress(text)).toBeNull(),
  );
});

describe("a VM's name", () => {
  it.each([
    "203.0.113.9",
    "2130706433",
    "0x7f.1",
    "0X7F000001",
    "127.1",
    "127.0.0.1.",
    "010.0.0.1",
    "999.999.999.999",
    "7",
    "::1",
    "2001:DB8::8",
    "[::1]",
    "[203.0.113.9]",
    "::ffff:203.0.113.9",
    "fe80::1%eth0",
  ])("%s is refused: an IP address in one of its spellings", (name) => {
    expect(isAddressLike(name)).toBe(true);
    expect(nameProblem(name)).toMatch(/is an IP address/);
  });
  it.each([
    "*",
    "web-*",
    "web-?",
    "!web",
    "a,b",
    "a b",
    "@revoked",
    "#web",
    "|1|x|y",
    "[web]",
    "",
    "a\tb",
    "é",
    "a\u001bb",
  ])("%j is refused: known_hosts would read it otherwise, or a terminal", (name) => {
    expect(nameProblem(name)).not.toBeNull();
    expect(wordProblem(name)).not.toBeNull();
  });
  it.each(["cd".repeat(16), "CD".repeat(16), "0123456789abcdef0123456789abcdef"])(
    "%s is refused: a VM's seedId has that form",
    (name) => expect(nameProblem(name)).toMatch(/32 hex digits/),
  );
  it.each(["cd".repeat(15), "cd".repeat(20), `x${"c".repeat(31)}`])("%s has not the form of a seedId", (name) =>
    expect(nameProblem(name)).toBeNull(),
  );
  it.each(["web-7", "Web_7", "web-7.example.net", "7web", "a.7", "0xweb", "beef", "web/7", "x".repeat(255)])(
    "%s is a name",
    (name) => expect(nameProblem(name)).toBeNull(),
  );
});
