/** `up` warns of what the host has really noticed: a copy of a VM that tops up, and another machine that asks with its seed. */
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GuestProcess } from "../../loopback/guest-process.ts";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { type KitVm, seedIn } from "../kit-vms.ts";
import { PresenceBench } from "./presence-bench.ts";

const CASE = "C17 (digitalocean/doctl#708): ";

/** The VM's disk as it is now, in another machine. */
function copyOf({ guest }: KitVm): GuestProcess {
  const root = mkdtempSync(join(tmpdir(), "bootseed-copy-"));
  cpSync(guest.root, root, { recursive: true });
  return new GuestProcess(guest.instanceId, undefined, root);
}

describe.skipIf(!KIT_PYTHON)("up", () => {
  it.each(["seedStack", "SeededDroplet"] as const)(
    `${CASE}%s: warns of it and of a clone, in each run until it is acknowledged`,
    async (way) => {
      await using stack = await PresenceBench.open(way);
      const vms = await stack.make("web", "db");
      const [web, db] = ["web", "db"].map((name) => vms.find(({ droplet }) => droplet.name === name));
      if (web === undefined || db === undefined) throw new Error("expected web and db");
      expect(await stack.bench.mustUp("--expect-no-changes")).not.toContain("bootseed vm show");
      using copy = copyOf(web);
      expect((await web.guest.kit("topup now")).code).toBe(0);
      expect((await copy.kit("topup now")).code).toBe(0);
      // The same machine with a new disk: its user-data has the seed, and it makes an identity of its own.
      using rebuilt = new GuestProcess(String(db.droplet.id), seedIn(db.droplet.userData));
      await rebuilt.kit("hook");
      await rebuilt.kit("claim");
      for (const times of ["once", "and again"]) {
        const output = await stack.bench.mustUp("--expect-no-changes");
        const warned = output.split("\n").filter((line) => line.includes("see bootseed vm show"));
        const lines = [...new Set(warned.map((line) => line.replace(/^.*?(?=(web|db): )/, "").trim()))].toSorted();
        expect(lines, times).toEqual([
          expect.stringMatching(
            /^db: since \S+ a machine with its instance id \d+ and another identity asks with its seed/,
          ),
          expect.stringMatching(/^web: since \S+ it asks with an older counter than it had acknowledged/),
        ]);
      }
      expect((await stack.bootseed("wait", "--timeout", "1ms")).code).toBe(65);
    },
  );
});
