import { describe, expect, it, vi } from "vitest";
import { chooseAccelerator, type Probes } from "./accelerator.ts";

const probes = (flags: string, usable: boolean, boots: boolean): Probes => ({
  cpuinfo: () => `processor\t: 0\nflags\t\t: fpu ${flags} sse\n`,
  kvmUsable: () => usable,
  smokeBoot: vi.fn<Probes["smokeBoot"]>(async () => boots),
});

describe("chooseAccelerator", () => {
  it.each([
    ["vmx and a kernel that boots", probes("vmx", true, true), "kvm"],
    ["svm and a kernel that boots", probes("svm", true, true), "kvm"],
    ["a kernel that does not boot", probes("vmx", true, false), "tcg"],
    ["no access to /dev/kvm", probes("vmx", false, true), "tcg"],
    ["a /dev/kvm without vmx or svm", probes("", true, true), "tcg"],
    ["a flag that only starts like one", probes("vmx_x svmfoo", true, true), "tcg"],
  ] as const)("%s", async (_, given, expected) => {
    expect(await chooseAccelerator("/vmlinuz", given)).toBe(expected);
  });

  it("does not even try KVM without vmx or svm: the attempt could hang", async () => {
    const given = probes("", true, true);
    await chooseAccelerator("/vmlinuz", given);
    expect(given.smokeBoot).not.toHaveBeenCalled();
  });
});
