import { describe, expect, it } from "vitest";
import { sampleVm } from "../testing/sample-vm.ts";
import { toAcknowledge } from "./acknowledge.ts";

const seed = (byte: string): string => byte.repeat(16);
const older = sampleVm({ seedId: seed("01"), committedAt: 1, rolledBackAt: 3 });
const newer = sampleVm({ seedId: seed("02"), committedAt: 2 });

describe("the VM that bootseed vm acknowledge is about", () => {
  it("is the one with an alarm, also where a newer VM has its name", () => {
    expect(toAcknowledge([older, newer], older.name).seedId).toBe(older.seedId);
  });

  it("is none by name where several have an alarm: their seedIds are named", () => {
    const both = [older, { ...newer, rolledBackAt: 4 }];
    expect(() => toAcknowledge(both, older.name)).toThrow(
      `2 VMs are called ${older.name}, each with an alarm: name one by its seedId: ${seed("01")}, ${seed("02")}`,
    );
    expect(toAcknowledge(both, seed("02")).seedId).toBe(seed("02"));
  });

  it("is the newest where no VM of that name has an alarm", () => {
    expect(toAcknowledge([{ ...older, rolledBackAt: null }, newer], newer.name).seedId).toBe(newer.seedId);
    expect(() => toAcknowledge([older], "wbe")).toThrow(/no VM is called wbe/);
  });
});
