/** The three claims that the product makes about a VM, as marks. */
import type { Vm } from "@bootseed/protocol";

const CROSS = "✗";
const TICK = "✓";
/** The VM has not said anything yet. */
const OPEN = "…";
/** Nothing was promised. */
const NONE = "–";

/** Each from the VM's own signed report. */
export interface Marks {
  /** A seed of this VM's own, not spent before, was mixed into the kernel: return code 0. */
  seeded: string;
  /** The kernel was made to reseed, and the verdict says that it counts. */
  reseeded: string;
  /** No SSH host key existed before that. */
  beforeKeys: string;
}

/** What the marks mean, for the foot of a table. */
export const LEGEND: string = `S seeded, R reseeded, K before its SSH host keys: ${TICK} yes, ${CROSS} no, ${OPEN} no report yet, ${NONE} not promised`;

const mark = (good: boolean): string => (good ? TICK : CROSS);

/** @returns ✓, ✗, … or – for each claim */
export function marksOf(vm: Vm): Marks {
  // No seed of this host was part of the first boot of a machine that joined: nothing is promised of it.
  const isJoined = vm.joined === true;
  const open = isJoined ? NONE : OPEN;
  if (vm.report === null) return { seeded: open, reseeded: OPEN, beforeKeys: open };
  const { verdict, evidence } = vm.report;
  if (isJoined) return { seeded: NONE, reseeded: mark(evidence.rcReseed === 0), beforeKeys: NONE };
  return {
    seeded: mark(evidence.rcMix === 0 && !["spent", "no-seed", "failed"].includes(verdict)),
    reseeded: mark(verdict === "reseeded" && evidence.rcReseed === 0),
    beforeKeys: mark(evidence.hostKeysBefore === 0),
  };
}
