/** The watch by itself: what a correct agent never does cannot be provoked through it. */
import { beforeEach, describe, expect, it } from "vitest";
import type { HostNode } from "./host-node.ts";
import { Ledger } from "./ledger.ts";
import { HOUR } from "./timeline.ts";
import { Watch } from "./watch.ts";

const host = { name: "alpha", history: 0 } as HostNode;
const packet = (n: number): Uint8Array => Uint8Array.of(n);
let now = 0;
let apart = false;
let watch: Watch;

beforeEach(() => {
  now = 0;
  apart = false;
  host.history = 0;
  const nowMs = (): number => now;
  const ledger = new Ledger(nowMs);
  watch = new Watch({ pairs: [[host, ["vm"]]], ledger, nowMs, withinMs: 6 * HOUR, meet: () => !apart });
});

describe("the watch", () => {
  it("sees one packet taken twice, also after a roll-back", () => {
    watch.accepted("vm", host, packet(1), 1);
    watch.rolledBack("vm", "alpha", 0);
    expect(() => watch.accepted("vm", host, packet(1), 2)).toThrow("took one packet of alpha twice");
  });

  it("sees a counter that does not rise, unless the disk was rolled back", () => {
    watch.accepted("vm", host, packet(1), 5);
    expect(() => watch.accepted("vm", host, packet(2), 5)).toThrow("took counter 5 of alpha after 5");
    watch.rolledBack("vm", "alpha", 3);
    watch.accepted("vm", host, packet(3), 4);
  });

  it("sees a counter sent twice within one history of the database, not across a restore", () => {
    watch.sent(host, "vm", 7);
    expect(() => watch.sent(host, "vm", 7)).toThrow("reused counter 7");
    host.history = 1;
    watch.sent(host, "vm", 7);
  });

  it("sees more packets in a day than a host may give", () => {
    for (let n = 1; n <= 10; n++) watch.accepted("vm", host, packet(n), n);
    expect(() => watch.accepted("vm", host, packet(11), 11)).toThrow("got 11 packets of alpha within a day");
  });

  it("counts the interval from the recovery", () => {
    apart = true;
    now = 24 * HOUR;
    watch.check();
    apart = false;
    now = 30 * HOUR;
    watch.check();
    now += 1;
    expect(() => watch.check()).toThrow("got nothing of alpha for 6.00 h");
    watch.disturbed("vm", null);
    watch.check();
  });
});
