import { describe, expect, it } from "vitest";
import { readConsole, type CausalRow } from "./console.ts";
import { CAUSAL_HEADING, causalLine, judge } from "./table.ts";

const row = (kind: CausalRow["case"], seed: CausalRow["seed"], hostKey: string): CausalRow => ({
  case: kind,
  seed,
  hostKey,
  mixed: kind !== "none",
  reseeded: kind === "shipped",
});
const PROOF = [
  row("none", "none", "n"),
  row("none", "none", "n"),
  row("control", "A", "c"),
  row("control", "B", "c"),
  row("shipped", "A", "a"),
  row("shipped", "B", "b"),
  row("shipped", "A", "a"),
];
const changed = (index: number, change: Partial<CausalRow>): CausalRow[] =>
  PROOF.map((r, i) => (i === index ? { ...r, ...change } : r));

describe("judge", () => {
  it("accepts the proof", () => {
    expect(judge(PROOF)).toEqual({
      repeatsWithoutSeed: true,
      mixingAloneIsIgnored: true,
      seedDecides: true,
      repeatsWithSeed: true,
    });
  });

  it.each([
    ["two keys without a seed", changed(1, { hostKey: "x" }), "repeatsWithoutSeed"],
    ["a control that depends on the seed", changed(3, { hostKey: "x" }), "mixingAloneIsIgnored"],
    ["shipped A and B alike", changed(5, { hostKey: "a" }), "seedDecides"],
    ["shipped A twice, two keys", changed(6, { hostKey: "x" }), "repeatsWithSeed"],
    ["a control that reseeded", changed(2, { reseeded: true }), "mixingAloneIsIgnored"],
    ["a control that never mixed", changed(2, { mixed: false }), "mixingAloneIsIgnored"],
    ["a shipped run without reseed", changed(4, { reseeded: false }), "seedDecides"],
    ["no rows", [], "seedDecides"],
  ] as const)("refuses %s", (_, rows, field) => {
    expect(judge(rows)[field]).toBe(false);
  });
});

describe("readConsole", () => {
  const key = "CAUSAL hostkey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIINFQofNulRVUyQ3Nx7/l14f+yFckJyseV38MDcw1IZS causal";
  it("gives OpenSSH's fingerprint and the kit's codes", () => {
    const read = readConsole(`CAUSAL seed 398\nCAUSAL evidence {"rcMix": 0, "rcReseed": 0}\n${key}\nCAUSAL end\n`);
    expect(read).toEqual({
      hostKey: "SHA256:1P9Vb0WbnDbNwjQGhDYk42G+0XjdBK9Xm502J+vT70g",
      mixed: true,
      reseeded: true,
    });
  });

  it("takes no code but 0 for done", () => {
    expect(readConsole(`CAUSAL evidence {"rcMix": 1, "rcReseed": 255}\n${key}\n`)).toMatchObject({
      mixed: false,
      reseeded: false,
    });
    expect(readConsole(`${key}\n`)).toMatchObject({ mixed: false, reseeded: false });
  });

  it("shows the console when a program failed or there is no key", () => {
    expect(() => readConsole("Traceback: no module\nCAUSAL failed /usr/bin/python3 status 256\n")).toThrow(
      /python3 status 256[^]*no module/,
    );
    expect(() => readConsole("CAUSAL hostkey none\n")).toThrow(/made no host key/);
  });
});

describe("causalLine", () => {
  it("fits a terminal of 100 columns", () => {
    const line = causalLine(row("control", "A", `SHA256:${"x".repeat(43)}`));
    expect(line).toMatch(/^kit without its reseed +A +yes +no +SHA256:x+$/);
    expect(line.length).toBeLessThanOrEqual(100);
    expect(CAUSAL_HEADING).toContain("SSH host key");
  });
});
