/** What the agent reads of its machine is what the kit reads of the same files: the kit's own functions run beside it. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Machine, STATE_DIR } from "./machine.ts";

const NAMES = "/var/lib/cloud/instances";
const KIT = `
import json, sys
sys.path.insert(0, ${JSON.stringify(join(import.meta.dirname, "../kit"))})
from bootseed.guest import Guest
print(json.dumps([[Guest(root).instance_id(), Guest(root).verdict()] for root in sys.argv[1:]]))
`;

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "bootseed-machine-"));
});
afterEach(() => rmSync(top, { recursive: true }));

/** A machine's root with these files; null: a folder. */
function machine(files: Record<string, string | Uint8Array | null>): Machine {
  const root = mkdtempSync(join(top, "root-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (content === null) mkdirSync(join(root, path), { recursive: true });
    else writeFileSync(join(root, path), content);
  }
  return new Machine(root);
}

/** Name and verdict as the kit reads them, by machine. */
function kit(machines: readonly Machine[]): [string, object][] {
  const args = ["-Ic", KIT, ...machines.map(({ root }) => root)];
  const env = { PATH: process.env["PATH"], PYTHONDONTWRITEBYTECODE: "1" };
  return JSON.parse(execFileSync("/usr/bin/python3", args, { encoding: "utf8", env })) as [string, object][];
}

const named = (name: string | Uint8Array, ...folders: (string | null)[]): Machine =>
  machine({
    "/var/lib/cloud/data/instance-id": name,
    "/etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    ...Object.fromEntries(folders.map((folder) => [folder === null ? NAMES : `${NAMES}/${folder}`, null])),
  });

describe("the instance-id", () => {
  const ODD = [
    "",
    "\n",
    " ",
    "4711",
    "4711\n",
    "i-0abc",
    "with space",
    "two\nlines",
    "a/b",
    ".",
    "..",
    "...",
    "a..b",
    "\t4711 \r\n",
    "x".repeat(255),
    "x".repeat(300),
    "x".repeat(5000),
    "grüße",
    "名前",
    "a\u0301",
    "a\u00adb",
    "a\u200bb",
    "a\u00a0b",
    "\ue000",
    "iid-datasource-none",
    "iid-datasource",
    "\0",
    "a\0b",
    "a\u007fb",
    "\ufffd",
    "🦆",
    "~",
    "[a]",
    "^",
    "a\u0085",
    "\ufeff4711",
    "\u001c4711\u001f",
    "\u2028",
    "\u30004711",
  ];

  it("is the kit's, however odd it is, with and without a folder of cloud-init", () => {
    const machines = [];
    for (const name of ODD) {
      const folder = name.trim().replaceAll("/", "_");
      const creates = folder.length > 0 && Buffer.byteLength(folder) < 256 && !/\0|^\.+$/.test(folder);
      machines.push(named(name), named(name, null), ...(creates ? [named(name, folder)] : []));
    }
    for (const bytes of ["ff", "61ff", "c0af", "edbfbf", "f09f"]) machines.push(named(Buffer.from(bytes, "hex"), null));
    const file = named("4711", null);
    writeFileSync(file.at(`${NAMES}/4711`), "no folder");
    machines.push(file, machine({ "/var/lib/cloud/data/instance-id": "4711", [NAMES]: "no folder" }));
    const names = kit(machines).map(([name]) => name);
    expect(machines.map((each) => (each.instanceIds() === null ? "" : each.instanceId()))).toEqual(names);
    // Some are names, and some are none.
    expect(new Set(names).size).toBeGreaterThan(15);
    expect(names.filter((name) => name === "").length).toBeGreaterThan(20);
  });
});

describe("the verdict", () => {
  const whole = {
    instanceId: "4711",
    bootId: "00000000-0000-0000-0000-000000000000",
    verdict: "reseeded",
    evidence: { hostKeysBefore: 0, timeline: [["hook", 1.5]] as unknown },
  };
  const changed = (change: object): string => JSON.stringify({ ...whole, ...change });
  const evidence = (change: object): string => changed({ evidence: { ...whole.evidence, ...change } });
  const RIGHT = [
    ...["reseeded", "unproven", "spent", "no-seed", "failed"].map((verdict) => changed({ verdict })),
    evidence({ hostKeysBefore: 3, more: null }),
    changed({ bootId: "" }),
  ];
  const WRONG = [
    "",
    "null",
    "[]",
    "3",
    '"x"',
    "{",
    "{}",
    "[".repeat(100_000),
    `${changed({})} x`,
    ...["Reseeded", "sure", "", 1, null, ["reseeded"]].map((verdict) => changed({ verdict })),
    ...[null, 4711, ["4711"]].map((instanceId) => changed({ instanceId })),
    ...[null, 0].map((bootId) => changed({ bootId })),
    ...[undefined, null, 3, "x", []].map((value) => changed({ evidence: value })),
    Buffer.from(changed({ more: "\u00ff" }), "latin1"),
    ...[undefined, null, "0", 1.5, true].map((hostKeysBefore) => evidence({ hostKeysBefore })),
    ...[
      undefined,
      null,
      [],
      {},
      "x",
      [[]],
      [["hook"]],
      [["hook", "1"]],
      [["hook", -1]],
      [["hook", null]],
      [3],
      [["hook", true]],
    ].map((timeline) => evidence({ timeline })),
    changed({ instanceId: "4712" }),
  ];

  it("is taken exactly where the kit takes it", () => {
    const machines = [...RIGHT, ...WRONG].map((text) =>
      machine({
        [`${STATE_DIR}/verdict.json`]: text,
        "/var/lib/cloud/data/instance-id": "4711",
        [`${NAMES}/4711`]: null,
      }),
    );
    const link = machine({ [`${STATE_DIR}/x`]: changed({}) });
    symlinkSync("x", link.at(`${STATE_DIR}/verdict.json`));
    machines.push(link, machine({ [`${STATE_DIR}/verdict.json`]: null }));
    const own = machines.map((each) => each.verdict());
    expect(own.map((found) => found ?? {})).toEqual(kit(machines).map(([, found]) => found));
    expect(own.map((found) => found !== null)).toEqual(machines.map((_, index) => index < RIGHT.length));
    // A copy of another machine's disk has a whole one.
    expect(machines.map((each) => each.hasDamagedVerdict())).toEqual(
      machines.map((_, index) => index >= RIGHT.length && index !== RIGHT.length + WRONG.length - 1),
    );
    expect(machine({}).hasDamagedVerdict()).toBe(false);
  });
});
