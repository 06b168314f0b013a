/** A pushed delivery as a user who may not read the files of the state: EACCES of the real disk. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { PushSession } from "../../hwrng-host/deliver/session.ts";
import { ReceiptKeys } from "../../hwrng-host/guests/receipt-keys.ts";
import { Bench } from "../../hwrng-host/testing/bench.ts";
import { prerequisite } from "../../tests/prerequisite.ts";
import { PushedDelivery, StateLock } from "./pushed.ts";
import { enrolledMachine, type TestMachine } from "./testing/machine.ts";

const USER = 65_534;
const ROOT = prerequisite(process.geteuid?.() === 0, "expected to be root, to act as another user: run as root");
const OTHER = "0".repeat(16);

/** What the guest sends in one connection of its host, as the user of the network unit. */
async function delivery(bench: Bench, vm: TestMachine): Promise<{ outcome: string; frames: number }> {
  const host = new PushSession(bench.context, new ReceiptKeys(), vm.seedId);
  const guest = new PushedDelivery(vm.world, vm.stateDir, new StateLock(() => vm.lock()));
  let [next, frames]: [Uint8Array | undefined, number] = [host.greeting(), 0];
  while (next !== undefined) {
    process.setegid?.(USER);
    process.seteuid?.(USER);
    const answer = await guest.take(next).finally(() => {
      process.seteuid?.(0);
      process.setegid?.(0);
    });
    if (answer.send === undefined) break;
    frames++;
    const step = await host.take(answer.send);
    next = step.end ? undefined : step.send;
  }
  return { outcome: host.result.outcome, frames };
}

const owned = (vm: TestMachine): unknown => execFileSync("chown", ["-R", `${USER}:${USER}`, vm.root]);
const locked = (path: string): (() => void) => {
  chmodSync(path, 0o700);
  chownSync(path, 0, 0);
  return () => chownSync(path, USER, USER);
};

describe.skipIf(!ROOT)("a delivery by `tcp` to a user", () => {
  it("is taken beside another host's folder that the user may not read", async () => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    owned(vm);
    const other = join(dirname(vm.at(".")), OTHER);
    mkdirSync(other);
    writeFileSync(join(other, "statement"), "");
    locked(other);
    expect(await delivery(bench, vm)).toEqual({ outcome: "delivered", frames: 2 });
    expect(vm.said).toEqual([]);
  });

  it.each([
    ["the host's folder", "."],
    ["the state folder", ".."],
    ["the certificate", "certificate"],
  ])("is refused with a line where %s cannot be read, and taken when it can be", async (_, name) => {
    await using bench = new Bench();
    using vm = await enrolledMachine(bench);
    owned(vm);
    const unlock = locked(vm.at(name));
    expect(await delivery(bench, vm)).toMatchObject({ frames: 0 });
    expect(vm.said).toEqual([
      expect.stringMatching(/^a caller was refused: EACCES: permission denied, .*\/var\/lib\/bootseed/),
    ]);
    expect([vm.mixed, vm.locks.held]).toEqual([[], 0]);
    unlock();
    expect(await delivery(bench, vm)).toEqual({ outcome: "delivered", frames: 2 });
  });

  it.each(["statement", "psk", "identity", "counter"])(
    "renames no file where %s cannot be read, and is taken when it can be",
    async (name) => {
      await using bench = new Bench();
      using vm = await enrolledMachine(bench);
      vm.folder.keepCounter(0);
      owned(vm);
      const before = readdirSync(vm.at("."));
      const unlock = locked(vm.at(name));
      expect((await delivery(bench, vm)).outcome).not.toBe("delivered");
      expect(vm.said.join()).toContain("EACCES");
      expect(readdirSync(vm.at(".")).filter((file) => file !== "topup.json")).toEqual(before);
      expect([vm.mixed, vm.locks.held]).toEqual([[], 0]);
      unlock();
      expect(await delivery(bench, vm)).toEqual({ outcome: "delivered", frames: 2 });
    },
  );
});
