import { describe, expect, it } from "vitest";
import type { CreatedDroplet } from "../mint-client/client.ts";
import { dropletsIn } from "./stack-export.ts";
import { mayHaveSeed, syncDroplets, syncSummary } from "./sync.ts";

const urn = (name: string): string => `urn:pulumi:prod::web::digitalocean:index/droplet:Droplet::${name}`;
const droplet = (name: string, more: object = {}): object => ({
  urn: urn(name),
  type: "digitalocean:index/droplet:Droplet",
  id: "7",
  outputs: { ipv4Address: "192.0.2.7", ipv4AddressPrivate: "", ipv6Address: "2001:db8::7", name },
  ...more,
});
const exported = (...resources: object[]): string => JSON.stringify({ version: 3, deployment: { resources } });

describe("bootseed sync", () => {
  it("finds the droplets that exist, with their addresses", () => {
    const stack = { urn: "urn:pulumi:prod::web::pulumi:pulumi:Stack::web-prod", type: "pulumi:pulumi:Stack" };
    const text = exported(stack, droplet("a"), droplet("b", { delete: true }), droplet("c", { id: undefined }));
    expect(dropletsIn(text, "acme/web/prod")).toEqual([
      { urn: urn("a"), instanceId: "7", addresses: ["192.0.2.7", "2001:db8::7"] },
    ]);
  });
  it("an empty stack has none", () => {
    expect(dropletsIn('{"version":3,"deployment":{}}', "acme/web/prod")).toEqual([]);
  });
  it.each([
    ["", /got nothing/],
    ["error: no stack", /not JSON/],
    ["[]", /another form \(at its top\)/],
    ['{"deployment":{"resources":[{}]}}', /at deployment\.resources\.0\.urn/],
  ])("%j is refused", (text, expected) => {
    expect(() => dropletsIn(text, "acme/web/prod")).toThrow(expected);
  });
  it.each([["acme/web/dev"], ["acme/api/prod"]])("the export of another stack is refused for %s", (stack) => {
    expect(() => dropletsIn(exported(droplet("a")), stack)).toThrow(/got one of urn:pulumi:prod::web: name the stack/);
  });
  it("names the droplets that no host can have a seed of: it would refuse all the others with them", () => {
    const droplets = dropletsIn(exported(droplet("a"), droplet("wéb")), "acme/web/prod");
    expect(droplets.map(mayHaveSeed)).toEqual([true, false]);
  });
  it("says what waits for those that have not reported", () => {
    const vm = { urn: urn("a"), instanceId: "7", seedId: "ab".repeat(16), state: "committed", report: null } as const;
    expect(syncSummary([vm], "acme/web/prod")).toBe(
      "acme/web/prod: the host was told of 1 droplets: 0 have reported, 1 have not yet, 0 have no seed of this host; " +
        "bootseed wait --stack acme/web/prod waits for them\n",
    );
  });
  it("asks in parts, in order, and sums up", async () => {
    const many = Array.from({ length: 5_001 }, (_, i) => ({ urn: urn(`d${i}`), instanceId: `${i}`, addresses: [] }));
    const asked: number[] = [];
    const created = async (_: string, part: readonly CreatedDroplet[]): Promise<never[]> => {
      asked.push(part.length);
      return part.map((one) => ({ ...one, seedId: null, state: null, report: null })) as never[];
    };
    const answers = await syncDroplets({ created }, "acme/web/prod", many);
    expect([asked, answers.length, answers.at(-1)?.urn]).toEqual([[5_000, 1], 5_001, urn("d5000")]);
    expect(syncSummary(answers, "acme/web/prod")).toBe(
      "acme/web/prod: the host was told of 5001 droplets: 0 have reported, 0 have not yet, 5001 have no seed of this host\n",
    );
  });
});
