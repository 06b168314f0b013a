/** State files damaged in every way: kept aside, said, counted, never silently reset; the run ends as docs/protocol.md says. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClockedHost } from "./clocked-host.ts";
import { INJECTOR } from "./fault.ts";
import { GuestDrill } from "./guest-drill.ts";
import type { Program } from "./kit-program.ts";

const FILES = ["counter", "topup.json", "statement", "certificate", "psk", "identity"] as const;
type Name = (typeof FILES)[number];
/** Without these a delivery goes on: one-time keys make a replay impossible, and the host sees the roll-back. */
const DISPENSABLE = new Set<string>(["counter", "topup.json"]);
/** What the agent ends with when a machine must join again. */
const EX_DATAERR = 65;

/** `fine`: nobody can tell. `refused`: it has the right form, but the packet does not open. */
type Expected = "aside" | "fine" | "refused";
type Damage = { readonly what: string; readonly content: Buffer; readonly expected: Expected };

class Machine implements Disposable {
  readonly drill: GuestDrill;
  readonly #whole = new Map<string, Buffer>();

  constructor(drill: GuestDrill) {
    this.drill = drill;
    for (const name of FILES) this.#whole.set(name, readFileSync(this.path(name)));
  }

  static async make(host: ClockedHost, program: Program): Promise<Machine> {
    const drill = await GuestDrill.enrolled(host, program);
    await drill.topUp();
    return new Machine(drill);
  }

  path(name: string): string {
    return join(this.drill.keep, this.drill.folder, name);
  }

  whole(name: Name): Buffer {
    return this.#whole.get(name) ?? Buffer.alloc(0);
  }

  /** As before the damage; counter and notes as the deliveries since left them. */
  repair(): void {
    for (const name of FILES) {
      rmSync(this.path(`${name}.corrupt`), { force: true });
      if (!DISPENSABLE.has(name)) writeFileSync(this.path(name), this.whole(name), { mode: 0o600 });
    }
  }

  notes(): Record<string, unknown> {
    const path = this.path("topup.json");
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>) : {};
  }

  [Symbol.dispose](): void {
    this.drill[Symbol.dispose]();
  }
}

function damages(name: Name, whole: Buffer, other: Buffer, lengths: (whole: number) => readonly number[]): Damage[] {
  const cut = lengths(whole.length).map((length): Damage => {
    // The key ends with the marker; whether a line break follows is nobody's concern.
    const same = name === "identity" && length === whole.length - 1;
    return { what: `cut to ${length} bytes`, content: whole.subarray(0, length), expected: same ? "fine" : "aside" };
  });
  const zeros: Expected = name === "counter" ? "fine" : name === "psk" ? "refused" : "aside";
  const others: Expected = DISPENSABLE.has(name) ? "fine" : name === "psk" ? "refused" : "aside";
  const longer: Damage = {
    what: "one byte longer",
    content: Buffer.concat([whole, Buffer.from("\0")]),
    expected: "aside",
  };
  return [
    ...cut,
    longer,
    { what: "all zeros", content: Buffer.alloc(whole.length), expected: zeros },
    { what: "all ones", content: Buffer.alloc(whole.length, 0xff), expected: name === "psk" ? "refused" : "aside" },
    { what: "another host's", content: other, expected: others },
  ];
}

async function check(machine: Machine, program: Program, name: Name, damage: Damage): Promise<void> {
  const { drill } = machine;
  // The agent keeps the one that signed the certificate: with it, a damaged statement is no loss (its own test).
  rmSync(machine.path("issuer"), { force: true });
  const counted = Number(machine.notes()[`state-${name}`] ?? 0);
  writeFileSync(machine.path(name), damage.content, { mode: 0o600 });
  const before = drill.accepted.length;
  const { code, output } = await drill.topUp();
  const about = `${name}, ${damage.what}:\n${output}`;
  const goesOn = damage.expected === "fine" || (damage.expected === "aside" && DISPENSABLE.has(name));
  expect(drill.accepted.length - before, about).toBe(goesOn ? 1 : 0);
  if (goesOn) expect(code, about).toBe(0);
  else if (program.name === "agent" && damage.expected === "aside") expect(code, about).toBe(EX_DATAERR);
  else expect(code, about).not.toBe(0);
  expect(existsSync(machine.path(`${name}.corrupt`)), about).toBe(damage.expected === "aside");
  if (damage.expected !== "aside") return;
  expect(readFileSync(machine.path(`${name}.corrupt`)), about).toEqual(damage.content);
  expect(output).toContain(name);
  expect(output).toMatch(/damaged/);
  // topup.json itself starts anew.
  expect(machine.notes()[`state-${name}`], about).toBe((name === "topup.json" ? 0 : counted) + 1);
  if (!goesOn) expect(existsSync(machine.path(name)), `${about}\nreset silently`).toBe(false);
}

/** @param lengths to which a file of that size is cut */
export function damageSuite(program: Program, lengths: (whole: number) => readonly number[]): void {
  describe.skipIf(!INJECTOR)(`damaged state of the ${program.name}`, () => {
    let [host, stranger]: (ClockedHost | undefined)[] = [];
    let [machine, other]: (Machine | undefined)[] = [];
    beforeAll(async () => {
      host = await ClockedHost.start();
      stranger = await ClockedHost.start();
      machine = await Machine.make(host, program);
      other = await Machine.make(stranger, program);
    });
    afterAll(async () => {
      machine?.[Symbol.dispose]();
      other?.[Symbol.dispose]();
      await host?.[Symbol.asyncDispose]();
      await stranger?.[Symbol.asyncDispose]();
    });

    for (const name of FILES) {
      it(`${name}: kept aside and said, never silently reset`, async () => {
        if (machine === undefined || other === undefined) throw new Error("no machine");
        const whole = DISPENSABLE.has(name) ? readFileSync(machine.path(name)) : machine.whole(name);
        for (const damage of damages(name, whole, other.whole(name), lengths)) {
          try {
            await check(machine, program, name, damage);
          } finally {
            machine.repair();
          }
        }
        await machine.drill.recovered();
      });
    }

    it("statement: falls back to the one that signed the certificate", async () => {
      if (machine === undefined) throw new Error("no machine");
      writeFileSync(machine.path("issuer"), machine.whole("statement"), { mode: 0o600 });
      writeFileSync(machine.path("statement"), "");
      const { code, output } = await machine.drill.topUp();
      expect(code, output).toBe(0);
      expect(readFileSync(machine.path("statement"))).toEqual(machine.whole("statement"));
      expect(existsSync(machine.path("statement.corrupt"))).toBe(true);
    });
  });
}
