import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Launcher, Machine, MachineSpec } from "../machine.ts";

/** A fake VM: it boots, ends and hangs on command. */
interface FakeMachine extends Machine {
  readonly spec: MachineSpec;
  readonly calls: string[];
  answer(): void;
  end(reason: string): void;
}

/** A fake launcher and the machines that it started. */
export interface FakeLauncher {
  readonly launcher: Launcher;
  readonly machines: FakeMachine[];
  /** machines answer as soon as they start */
  autoBoot: boolean;
  /** the next launch fails with this */
  refusal: string | undefined;
}

/** Stands for QEMU in tests of the API: no process, no file. */
export function fakeLauncher(): FakeLauncher {
  const fake: FakeLauncher = {
    machines: [],
    autoBoot: true,
    refusal: undefined,
    launcher: async (spec) => {
      await new Promise(setImmediate); // a real start is never done before the API has answered
      if (fake.refusal !== undefined) throw new Error(fake.refusal);
      const machine = fakeMachine(spec, 1000 + fake.machines.length);
      fake.machines.push(machine);
      if (fake.autoBoot) machine.answer();
      return machine;
    },
  };
  return fake;
}

function fakeMachine(spec: MachineSpec, pid: number): FakeMachine {
  const ended = Promise.withResolvers<string>();
  const booted = Promise.withResolvers<void>();
  const calls: string[] = [];
  return {
    spec,
    pid,
    calls,
    ended: ended.promise,
    booted: booted.promise,
    answer: () => booted.resolve(),
    end: (reason) => ended.resolve(reason),
    reset: async () => void calls.push("reset"),
    shutDown: async () => {
      calls.push("shutDown");
      ended.resolve("the guest powered off");
    },
    stop: async () => {
      calls.push("stop");
      ended.resolve("QEMU ended with 0");
    },
  };
}

/** A folder with images whose files are not a system: nothing is to boot from them. */
export function fakeImages(slugs: readonly string[] = ["debian-12-x64"]): string {
  const images = mkdtempSync(join(tmpdir(), "local-cloud-images-"));
  for (const slug of slugs) {
    mkdirSync(join(images, slug));
    for (const file of ["base.qcow2", "vmlinuz", "initrd"])
      writeFileSync(join(images, slug, file), `not a real ${file}`);
  }
  return images;
}
