import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ServedHost } from "../testing/served-host.ts";
import { PLACE_FILE, placeOf, requirePlace, takePlace } from "./place.ts";

let dir: string;
let machineId: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-place-"));
  machineId = join(dir, "machine-id");
  writeFileSync(machineId, "0123456789abcdef0123456789abcdef\n");
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("the place of a state folder", () => {
  const at = (): ReturnType<typeof placeOf> => placeOf(dir, machineId);
  it("is noted once, and is the same after a restart", () => {
    requirePlace(dir, at());
    requirePlace(dir, at());
    expect(readFileSync(join(dir, PLACE_FILE), "utf8")).not.toContain("0123456789abcdef");
  });
  it("on another machine is refused until it is taken", () => {
    requirePlace(dir, at());
    writeFileSync(machineId, "fedcba9876543210fedcba9876543210\n");
    expect(() => requirePlace(dir, at())).toThrow(/was served on another machine/);
    takePlace(dir, at());
    requirePlace(dir, at());
  });
  it("goes by the folder alone where a machine has no number", () => {
    requirePlace(dir, at());
    rmSync(machineId);
    requirePlace(dir, at());
    expect(() => requirePlace(dir, { ...at(), inode: "1" })).toThrow(/in another folder, of which this one is a copy/);
  });
  it("is noted again where the note is damaged", () => {
    writeFileSync(join(dir, PLACE_FILE), "{");
    requirePlace(dir, at());
    expect(() => requirePlace(dir, { ...at(), inode: "1" })).toThrow();
  });
});

describe("serve", () => {
  it("refuses a copy of a folder that was served, until moved-here; a folder that was renamed is the same one", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    await host.stop();
    renameSync(host.state, `${host.state}-away`);
    execFileSync("cp", ["-a", `${host.state}-away`, host.state]);
    const refused = host.run("serve");
    expect([refused.code, refused.err]).toEqual([
      78,
      expect.stringMatching(/is a copy: two live copies [^]*bootseed-host moved-here --config /),
    ]);
    rmSync(host.state, { recursive: true });
    renameSync(`${host.state}-away`, host.state);
    await host.serve();
    await host.stop();
    renameSync(host.state, `${host.state}-away`);
    execFileSync("cp", ["-a", `${host.state}-away`, host.state]);
    expect(host.run("moved-here")).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/served here/) });
    await host.serve();
  });

  it("of a folder that a service holds is refused", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    expect(host.run("serve")).toMatchObject({ code: 69, err: expect.stringMatching(/another process holds/) });
  });
});
