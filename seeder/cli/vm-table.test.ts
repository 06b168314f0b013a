import { describe, expect, it } from "vitest";
import { sampleVm } from "../testing/sample-vm.ts";
import { vmDetails } from "./vm-table.ts";

describe("vm show", () => {
  it.each([
    ["instance", "not created yet"],
    ["first-claim", "not claimed yet"],
  ] as const)("says how far one is that nobody has heard of, by %s", (bind, expected) => {
    const details = vmDetails(sampleVm({ bind, instanceId: null, report: null }));
    expect(details).toMatch(new RegExp(`^instance +${expected}$`, "m"));
    expect(details).toMatch(/^verdict +no report yet; bootseed wait --stack o\/p\/s waits for it$/m);
  });
  it("shows everything about one", () => {
    expect(vmDetails(sampleVm())).toMatchInlineSnapshot(`
      "name          web-7
      state         reported
      claims        seeded ✓  reseeded ✓  before keys ✓
      source class  chained
      minted by     not told: this host is of an older version
      seed          abababababababababababababababab
      bound to      instance
      instance      100
      addresses     192.0.2.7
      urn           urn:pulumi:s::p::digitalocean:index/droplet:Droplet::web-7
      stack         o/p/s
      committed     2026-01-01T00:00:00Z
      claimed       2026-01-01T00:01:00Z
      reported      2026-01-01T00:01:10Z
      top-ups       0, last never
      verdict       reseeded
      evidence      {"rcMix":0,"rcReseed":0,"hostKeysBefore":0,"kernel":"6.1.0","poolsize":256,"fipsEnabled":0,"rngCurrent":null,"gate":"passed","timeline":[]}
      host key      ssh-ed25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
      "
    `);
  });
});
