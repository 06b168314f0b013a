/** `bootseed-host init` killed, and on a disk that takes half of a write: the next one completes what is there. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hostName, loadIdentity } from "../../hwrng-host/identity/host-identity.ts";
import { ACTION, type Arm, CALL, Fault, INJECTOR } from "./fault.ts";

const MAIN = join(import.meta.dirname, "../../hwrng-host/main.ts");

class NewHost implements Disposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "bootseed-init-"));
  readonly fault: Fault = new Fault(this.dir);
  readonly #config: string = join(this.dir, "host.yaml");
  readonly #state: string = join(this.dir, "state");

  /** @returns exit status; -1 when it was killed */
  async init(arm: Arm): Promise<number> {
    this.fault.arm(arm);
    const words = ["init", "--config", this.#config, "--state-dir", this.#state, "--allow-chained"];
    const more = ["--mint", join(this.dir, "mint.sock"), "--advertise", "192.0.2.1:7443"];
    const { promise, resolve } = Promise.withResolvers<number>();
    const env = { ...process.env, ...this.fault.env };
    // setsid: a fault ends the whole process group.
    execFile("setsid", ["-w", process.execPath, MAIN, ...words, ...more], { env }, (error) => {
      resolve(error === null ? 0 : typeof error.code === "number" && error.code < 128 ? error.code : -1);
    });
    return promise;
  }

  /** Whole, as the service would load it, and no copy of a key lies about. @returns the host's name */
  whole(): string {
    const identity = loadIdentity(this.#state);
    identity.close();
    const names = readdirSync(this.#state, { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => name.includes(".tmp"))).toEqual([]);
    return hostName(identity);
  }

  /** Keys that are there already: they must never change. */
  keys(): Map<string, string> {
    const there = new Map<string, string>();
    for (const name of ["root.key", "packet.key", "secret", "tls.crt", "statement"]) {
      try {
        there.set(name, readFileSync(join(this.#state, name), "hex"));
      } catch {
        // Not made yet.
      }
    }
    return there;
  }

  [Symbol.dispose](): void {
    this.fault[Symbol.dispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const QUIET: Arm = { kinds: 0, at: 0, action: 0 };

/** @param kinds calls before each of which it is killed once */
export function initSuite(kinds: number): void {
  describe.skipIf(!INJECTOR)("bootseed-host init", () => {
    const each = async (one: number, run: (host: NewHost, at: number) => Promise<void>): Promise<number> => {
      using counted = new NewHost();
      expect(await counted.init({ kinds: one, at: 0, action: 0 })).toBe(0);
      const calls = counted.fault.seen;
      for (let at = 1; at <= calls; at++) {
        using host = new NewHost();
        await run(host, at);
      }
      return calls;
    };

    it("killed before each call, is completed by the next one, and no key changes", async () => {
      const calls = await each(kinds, async (host, at) => {
        expect(await host.init({ kinds, at, action: ACTION.kill })).toBe(-1);
        const before = host.keys();
        expect(await host.init(QUIET)).toBe(0);
        host.whole();
        const after = host.keys();
        for (const [name, key] of before) expect(after.get(name), name).toBe(key);
      });
      process.stderr.write(`init: killed before each of ${calls} calls\n`);
      expect(calls).toBeGreaterThan(5);
    });

    it("writes whole files where the disk takes half of a write", async () => {
      const calls = await each(CALL.write, async (host, at) => {
        expect(await host.init({ kinds: CALL.write, at, action: ACTION.short })).toBe(0);
        expect(host.fault.fired).toBe(1);
        host.whole();
      });
      expect(calls).toBeGreaterThan(5);
    });
  });
}
