/** A VM and a report as a host would answer them, for tests. */
import type { Report, Vm } from "@bootseed/protocol";

/** A good report; override what a test is about. */
export const sampleReport = (more: Partial<Report> = {}): Report => ({
  hostId: "00".repeat(8),
  seedId: "ab".repeat(16),
  identityPk: "11".repeat(32),
  instanceId: "100",
  bootId: "00000000-0000-4000-8000-000000000000",
  verdict: "reseeded",
  evidence: {
    rcMix: 0,
    rcReseed: 0,
    hostKeysBefore: 0,
    kernel: "6.1.0",
    poolsize: 256,
    fipsEnabled: 0,
    rngCurrent: null,
    gate: "passed",
    timeline: [],
  },
  hostKeys: [`ssh-ed25519 ${"A".repeat(68)}`],
  versions: { kit: "0.1.0", python: "3.11.2" },
  ...more,
});

/** A VM that has reported, with the URN of its name; override what a test is about. */
export const sampleVm = (more: Partial<Vm> = {}): Vm => ({
  name: "web-7",
  urn: `urn:pulumi:s::p::digitalocean:index/droplet:Droplet::${more.name ?? "web-7"}`,
  stack: "o/p/s",
  seedId: "ab".repeat(16),
  bind: "instance",
  state: "reported",
  instanceId: "100",
  addresses: ["192.0.2.7"],
  sourceClass: "chained",
  committedAt: 1_767_225_600,
  claimedAt: 1_767_225_660,
  reportedAt: 1_767_225_670,
  hostKeysChanged: false,
  report: sampleReport(),
  lastTopUp: null,
  topUps: 0,
  ...more,
});
