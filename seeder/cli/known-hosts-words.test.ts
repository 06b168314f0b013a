import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sampleReport, sampleVm } from "../testing/sample-vm.ts";
import { knownHosts } from "./known-hosts.ts";

const KEY = `ssh-ed25519 ${"W".repeat(68)}`;
const report = sampleReport({ hostKeys: [KEY] });
const words = (lines: string): string[] => lines.split("\n").flatMap((line) => line.split(" ")[0] || []);

describe("C5 (digitalocean/terraform-provider-digitalocean#269): known-hosts and the spellings of an address", () => {
  const OLD = "2a03:b0c0:0002:00d0:0000:0000:0192:b001";
  const CANONICAL = "2a03:b0c0:2:d0::192:b001";
  const vm = sampleVm({ name: "Web-7", addresses: ["203.0.113.7", OLD], report });

  it.each([OLD, CANONICAL, OLD.toUpperCase(), `[${CANONICAL}]`, "2a03:b0c0:2:d0:0:0:192:b001"])(
    "%s is found and printed as ssh looks for it",
    (asked) => {
      expect(knownHosts([vm], [asked], 22)).toEqual({
        lines: `${CANONICAL} ${KEY}\n`,
        remarks: [],
        withheld: undefined,
      });
      const withPort = knownHosts([vm], [`[${asked.replaceAll(/[[\]]/g, "")}]:2222`], 22);
      expect(withPort.lines).toBe(`[${CANONICAL}]:2222 ${KEY}\n`);
    },
  );
  it("an address of any spelling is found, whatever the spelling that the host stored", () => {
    const group = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.boolean(), (groups, padded) => {
        const plain = groups.map((one) => one.toString(16)).join(":");
        const long = groups.map((one) => one.toString(16).toUpperCase().padStart(4, "0")).join(":");
        const [stored, asked] = padded ? [long, plain] : [plain, long];
        const found = knownHosts([sampleVm({ addresses: [stored], report })], [asked], 22);
        expect([words(found.lines).length, found.withheld]).toEqual([1, undefined]);
      }),
    );
  });
  it.each([
    ["3405803783", "203.0.113.7"],
    ["0xcb.0.0x7107", "203.0.113.7"],
    ["::ffff:203.0.113.7", "::ffff:203.0.113.7"],
    ["::FFFF:CB00:7107", "::ffff:203.0.113.7"],
  ])("IPv4 as %s is printed as %s", (asked, printed) => {
    expect(words(knownHosts([vm], [asked], 22).lines)).toEqual([printed]);
  });
  it.each([
    ["web-7", ["203.0.113.7", CANONICAL, "web-7"]],
    ["WEB-7", ["203.0.113.7", CANONICAL, "web-7"]],
    ["web-7.", ["203.0.113.7", CANONICAL, "web-7", "web-7."]],
    ["[web-7]:22", ["203.0.113.7", CANONICAL, "web-7"]],
  ])("the name %s, in the case that ssh asks for", (asked, printed) => {
    expect(words(knownHosts([vm], [asked], 22).lines)).toEqual(printed);
  });
  it("all: in canonical form", () => {
    expect(words(knownHosts([vm], [], 22).lines)).toEqual(["203.0.113.7", CANONICAL]);
  });

  it.each([
    ["a b", /"a b" cannot be printed: it has a space/],
    ["a,b", /"a,b" cannot be printed: it has a space or one of/],
    ["web-*", /cannot be printed/],
    ["!web", /cannot be printed/],
    ["@revoked", /"@revoked" cannot be printed: it starts with @/],
    ["203.0.113.9", /"203\.0\.113\.9" cannot be printed: it is an IP address/],
    ["7", /"7" cannot be printed: it is an IP address/],
  ])("a VM that is called %j: what is left out is reported, with 65", (name, why) => {
    const odd = sampleVm({ name, addresses: [], report });
    for (const wanted of [[name], []]) {
      const { lines, remarks, withheld } = knownHosts([odd], wanted, 22);
      expect([lines, remarks, withheld]).toEqual(["", [expect.stringMatching(why)], true]);
    }
  });
  it.each(["fe80::1%eth0", "010.0.0.1", "1.2.3.999", "not an address"])(
    "the address %j cannot be written: reported with 65, the others are printed",
    (address) => {
      const odd = sampleVm({ addresses: [address, "192.0.2.7"], report });
      const all = knownHosts([odd], [], 22);
      expect([words(all.lines), all.withheld]).toEqual([["192.0.2.7"], true]);
      expect(all.remarks).toEqual([expect.stringContaining(`${JSON.stringify(address)} of web-7 cannot be printed`)]);
      expect(knownHosts([odd], ["8.0.0.1"], 22).lines).toBe("");
    },
  );
  it("a name that is an IP address has no part in that address", () => {
    const other = sampleVm({
      stack: "",
      urn: "",
      seedId: "ef".repeat(16),
      name: "203.0.113.7",
      addresses: [],
      joined: true,
    });
    expect(knownHosts([vm, other], ["203.0.113.7"], 22)).toMatchObject({
      lines: `203.0.113.7 ${KEY}\n`,
      withheld: undefined,
    });
  });
});
