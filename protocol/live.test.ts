import { describe, expect, it } from "vitest";
import { currentOf, isLive, type Lifetime } from "./live.ts";

/** Its name is here to show that it does not count. */
type Named = Lifetime & { readonly name: string };

const vm = (more: Partial<Named>): Named => ({
  stack: "o/p/s",
  urn: "urn:web",
  name: "web",
  seedId: "ab",
  committedAt: 10,
  claimedAt: 11,
  instanceId: "1",
  ...more,
});

describe("VMs that exist", () => {
  const first = vm({});
  const second = vm({ seedId: "cd", committedAt: 20, instanceId: "2" });
  const started = vm({ seedId: "ef", committedAt: 30, claimedAt: null, instanceId: null });
  const retried = vm({ seedId: "12", committedAt: 40, claimedAt: null, instanceId: null });

  it("a newer VM of a URN replaces the older one", () => {
    expect(currentOf([first, second])).toEqual([second]);
    expect(currentOf([second, first])).toEqual([second]);
  });
  it("a newer VM of a URN replaces one of another name: Pulumi makes a new name for each droplet without one", () => {
    const renamed = vm({ seedId: "cd", name: "web-1a2b3c4", committedAt: 20, instanceId: "2" });
    expect(currentOf([first, renamed])).toEqual([renamed]);
  });
  it("a seed that was only committed replaces no VM, but an older such seed", () => {
    expect(currentOf([first, second, started, retried])).toEqual([second, retried]);
    expect(currentOf([started])).toEqual([started]);
  });
  it("one URN in two stacks, and one stack's two URNs, are two VMs", () => {
    const [other, third] = [vm({ stack: "o/q/s", committedAt: 20 }), vm({ urn: "urn:b", committedAt: 30 })];
    expect(currentOf([first, other, third])).toEqual([first, other, third]);
  });
  it("a machine that joined replaces no other of its name", () => {
    const both = ["ab", "cd"].map((seedId, i) => vm({ stack: "", urn: "", seedId, committedAt: i }));
    expect(currentOf(both)).toEqual(both);
  });
  it("a revoked VM is not live", () => {
    expect([first, vm({ revokedAt: null }), vm({ revokedAt: 5 })].map(isLive)).toEqual([true, true, false]);
  });
});
