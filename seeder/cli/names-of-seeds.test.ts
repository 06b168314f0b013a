/** A VM whose name is another VM's seedId, as a host of version 0.2 took it. */
import { describe, expect, it } from "vitest";
import { onlyVm } from "../../hwrng-host/mint/only-vm.ts";
import { sampleVm } from "../testing/sample-vm.ts";
import { forgettable } from "./forget.ts";
import { lookUp } from "./select.ts";

const seedId = "cd".repeat(16);
const meant = sampleVm({ seedId, name: "web-7", claimedAt: null });
const others = [
  sampleVm({ seedId: "ef".repeat(16), name: seedId, committedAt: meant.committedAt + 9 }),
  sampleVm({ seedId: "ab".repeat(16), name: "x", instanceId: seedId }),
];

describe.each([
  ["revoke and push", onlyVm],
  ["forget", (vms: Parameters<typeof lookUp>[0], wanted: string) => forgettable(vms, wanted, true)],
  ["show, wait and approve", lookUp],
])("%s", (_, choose) => {
  it.each([
    ["first", [meant, ...others]],
    ["last", [...others, meant]],
  ])("a seedId means the VM that has it, which is %s, and no VM that is called so", (__, vms) => {
    expect(choose(vms, seedId)).toBe(meant);
  });
});
