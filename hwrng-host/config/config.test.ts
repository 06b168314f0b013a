import { describe, expect, it } from "vitest";
import { HostError } from "../host-error.ts";
import { parseConfig } from "./load.ts";

const GOOD = 'stateDir: /var/lib/bootseed-host\nadvertise: ["192.0.2.1:7443"]\n';

const OIDC = `${GOOD}listen: {mintHttps: "0.0.0.0:7445"}\noidc:\n  - `;

function complaint(text: string): string {
  try {
    parseConfig(text, "host.yaml");
  } catch (error) {
    if (error instanceof HostError && error.exit === 78 && error.code === "bad-config") return error.message;
    throw error;
  }
  return "";
}

describe("config", () => {
  it("fills in every default", () => {
    expect(parseConfig(GOOD, "host.yaml")).toEqual({
      stateDir: "/var/lib/bootseed-host",
      advertise: ["192.0.2.1:7443"],
      allowChained: false,
      listen: { guests: "127.0.0.1:7443", mint: "/run/bootseed/mint.sock" },
      intervalMs: 21_600_000,
      dial: { allow: [] },
      push: { port: 7444, concurrency: 64 },
    });
    expect(parseConfig(`${GOOD}sources: [{driver: hwrng}]`, "f").sources).toEqual([
      {
        driver: "hwrng",
        device: "/dev/hwrng",
        rngCurrent: "/sys/class/misc/hw_random/rng_current",
        minEntropyBits: 4,
      },
    ]);
  });

  it.each([
    [
      "an unknown key, with its line",
      `${GOOD}\nallowChaind: true\n`,
      'host.yaml:4: unknown key "allowChaind" (did you mean allowChained?); known here: ',
    ],
    [
      "an unknown key further in",
      `${GOOD}listen:\n  mnt: /x\n`,
      'host.yaml:4: unknown key "listen.mnt" (did you mean mint?); known here: guests, mint, mintHttps',
    ],
    [
      "a typo in a list entry, by its place, with the nearest key",
      `${GOOD}sources:\n  - driver: hwrng\n    devcie: /dev/x\n`,
      'host.yaml:5: unknown key "sources[0].devcie" (did you mean device?); known here: driver, device, ',
    ],
    [
      "a typo in the key that says what the entry is",
      `${GOOD}sources:\n  - drvier: hwrng\n`,
      'host.yaml:4: unknown key "sources[0].drvier" (did you mean driver?)',
    ],
    [
      "a class for the system generator, which has no other",
      `${GOOD}allowChained: true\nsources: [{driver: system, class: physical-raw}]\n`,
      'host.yaml:4: unknown key "sources[0].class"; known here: driver, minEntropyBits',
    ],
    [
      "OIDC without https",
      `${GOOD}oidc: [{issuer: "https://i", audience: a, rules: [{name: r, sub: x, stacks: ["**"]}]}]\n`,
      "host.yaml:3: oidc: tokens come over https only: set listen.mintHttps",
    ],
    ["an issuer without TLS", `${OIDC}issuer: http://i\n`, "host.yaml:5: oidc[0].issuer: expected https://"],
    [
      "an unknown key of an issuer",
      `${OIDC}isuer: x\n`,
      'host.yaml:5: unknown key "oidc[0].isuer" (did you mean issuer?); known here: issuer, aud',
    ],
    [
      "a rule for part of a segment",
      `${OIDC}issuer: https://i\n    audience: a\n    rules:\n      - {name: r, sub: "repo:acme*:x", stacks: ["**"]}\n`,
      "host.yaml:8: oidc[0].rules[0].sub: a * stands for a whole segment",
    ],
    [
      "a rule for stacks that cannot be",
      `${OIDC}issuer: https://i\n    audience: a\n    rules:\n      - {name: r, sub: x, stacks: ["acme"]}\n`,
      "host.yaml:8: oidc[0].rules[0].stacks[0]: that is no stack's name: expected ORG/PROJECT/STACK",
    ],
    [
      "a rule that makes an admin",
      `${OIDC}issuer: https://i\n    audience: a\n    rules:\n      - {name: r, sub: x, stacks: ["**"], role: admin}\n`,
      "host.yaml:8: oidc[0].rules[0].role: expected mint or read",
    ],
    [
      "a rule's name twice",
      `${OIDC}issuer: https://i\n    audience: a\n    rules:\n      - &r {name: r, sub: x, stacks: ["**"]}\n      - {name: r, sub: y, stacks: ["**"]}\n`,
      "host.yaml:9: oidc[0].rules[1].name: r is there twice",
    ],
    [
      "one in a source",
      `${GOOD}sources:\n  - driver: hwrng\n    devise: /d\n`,
      'host.yaml:5: unknown key "sources[0].devise" (did you mean device?)',
    ],
    ["bad YAML", `${GOOD}listen: {guests: "x\n`, "host.yaml:"],
    ["a tab as indentation", `${GOOD}listen:\n\tguests: 1\n`, "host.yaml:4: Tabs are not allowed as indentation"],
    ["a key given twice", `${GOOD}stateDir: /b\n`, "host.yaml:3: Map keys must be unique"],
    ["an empty file", "", "host.yaml:1: stateDir: is required"],
    ["a list", "- a\n", "host.yaml:1: config: "],
    ["a wrong type", `${GOOD}allowChained: maybe\n`, "host.yaml:3: allowChained: expected true or false"],
    [
      "H beyond 8",
      `${GOOD}sources:\n  - {driver: hwrng, minEntropyBits: 9}\n`,
      "host.yaml:4: sources[0].minEntropyBits: expected a number of bits per byte, over 0 and up to 8",
    ],
    [
      "an unknown driver",
      `${GOOD}sources:\n  - driver: dice\n`,
      'host.yaml:4: sources[0].driver: expected driver "hwrng" or "system"',
    ],
    ["an unknown class", `${GOOD}sources:\n  - driver: hwrng\n    class: quantum\n`, "host.yaml:5: sources[0].class: "],
    ["no address", "stateDir: /s\nadvertise: []\n", "host.yaml:2: advertise: expected at least one address"],
    ["an address without port", 'stateDir: /s\nadvertise: ["a"]\n', "host.yaml:2: advertise[0]: expected host:port"],
    ["a port out of range", 'stateDir: /s\nadvertise: ["a:70000"]\n', "host.yaml:2: advertise[0]: expected a port"],
    [
      "a listen address without port",
      `${GOOD}listen:\n  guests: 10.0.0.1\n`,
      "host.yaml:4: listen.guests: expected ADDRESS:PORT",
    ],
    [
      "a socket path too long",
      `${GOOD}listen:\n  mint: /${"x".repeat(107)}\n`,
      "host.yaml:4: listen.mint: a socket's path",
    ],
    [
      "a device twice",
      `${GOOD}sources:\n  - driver: hwrng\n  - driver: hwrng\n`,
      "host.yaml:5: sources[1]: /dev/hwrng is listed twice",
    ],
    [
      "the system generator without allowChained",
      `${GOOD}sources:\n  - driver: system\n`,
      "host.yaml:4: sources[0].driver: the system generator is a chained source",
    ],
    ["a network that is none", `${GOOD}dial: { allow: [10.0.0.1] }\n`, "host.yaml:3: dial.allow[0]: expected a CIDR"],
    ["a key beside it", `${GOOD}dial: { deny: [] }\n`, 'host.yaml:3: unknown key "dial.deny"; known here: allow'],
    ["a port that is none", `${GOOD}push: { port: 0 }\n`, "host.yaml:3: push.port: expected a whole number from 1"],
    ["an alias", `${GOOD}listen: &a {guests: "1.2.3.4:5"}\nsources: [*a]\n`, "host.yaml:4: aliases are not used here"],
  ])("refuses %s", (_, text, start) => {
    expect(complaint(text)).toContain(start);
  });

  it("tells all complaints at once", () => {
    expect(complaint("a: 1\nb: 2\n").split("\n").length).toBe(4);
  });

  it.each([
    ["intervalMs", ["59999", "4294967296", "1.5", "soon"], "60000 to 4294967295"],
    ["push.port", ["0", "65536", "1.5", "http"], "1 to 65535"],
    ["push.concurrency", ["0", "1025", "x"], "1 to 1024"],
    ["sources[0].minEntropyBits", ["0", "8.1", "x"], "over 0 and up to 8"],
    ["oidc[0].rules[0].quota", ["0", "1000001", "x"], "1 to 1000000"],
  ])("%s of %j says its range", (key, values, range) => {
    for (const value of values) {
      const texts: Record<string, string> = {
        intervalMs: `intervalMs: ${value}\n`,
        "push.port": `push: { port: ${value} }\n`,
        "push.concurrency": `push: { concurrency: ${value} }\n`,
        "sources[0].minEntropyBits": `sources: [{ driver: hwrng, minEntropyBits: ${value} }]\n`,
        "oidc[0].rules[0].quota": `listen: {mintHttps: "0.0.0.0:7445"}\noidc: [{issuer: "https://i", audience: a, rules: [{name: r, sub: x, stacks: ["**"], quota: ${value}}]}]\n`,
      };
      const said = complaint(`${GOOD}${texts[key]}`);
      expect(said).toContain(`${key}: expected`);
      expect(said).toContain(range);
    }
  });
});
