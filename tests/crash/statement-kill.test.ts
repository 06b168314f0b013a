import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { chainSince, followStatements, parseStatement, type Statement, toHex } from "@bootseed/protocol";
import { describe, expect, it } from "vitest";
import { ACTION, Fault, FILES as ALL_CALLS, INJECTOR } from "./fault.ts";
import { loadIdentity } from "../../hwrng-host/identity/host-identity.ts";
import { pinOf } from "../../hwrng-host/identity/init.ts";
import { FILES } from "../../hwrng-host/identity/keys.ts";
import { HostError } from "../../hwrng-host/host-error.ts";
import { ServedHost } from "../../hwrng-host/testing/served-host.ts";
import { statement } from "../../hwrng-host/commands/statement.ts";

const NOTHING = {
  json: false,
  dryRun: false,
  list: false,
  behind: false,
  sign: false,
  newPacketKey: false,
  newCertificate: false,
  useCertificate: false,
  now: false,
};
const MAIN = join(import.meta.dirname, "../../hwrng-host/main.ts");

/** One command with the fault in it. @returns how it ended */
function faulty(host: ServedHost, fault: Fault, words: string): string {
  const args = [MAIN, ...words.split(" "), "--config", host.config];
  // A group of its own: the fault ends the whole group.
  const { status, signal, stderr } = spawnSync("setsid", ["--wait", process.execPath, ...args], {
    env: { ...process.env, ...fault.env },
    encoding: "utf8",
  });
  return signal ?? (status === 0 ? "done" : `${status} ${stderr}`);
}

function copyState(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  chmodSync(to, 0o700);
}

/** What of it is another than before. */
function describeChange(before: Statement, after: Statement, host: ServedHost): string {
  const pin = toHex(pinOf(readFileSync(join(host.state, FILES.tlsCertificate))));
  const changes = {
    packet: toHex(before.packetPk) !== toHex(after.packetPk),
    root: toHex(before.rootPk) !== toHex(after.rootPk),
    announced: after.next !== undefined && before.next === undefined,
    pins: after.pins.length > before.pins.length,
    certificate: toHex(before.pins[0] ?? new Uint8Array(0)) !== pin,
  };
  return Object.entries(changes)
    .filter(([, changed]) => changed)
    .map(([name]) => name)
    .join();
}

/** What a service would start with. @throws when it would not start */
function start(host: ServedHost): Statement {
  const identity = loadIdentity(host.state);
  identity.close();
  return identity.statement;
}

describe.runIf(INJECTOR)("bootseed-host statement, killed before any of its calls to the disk", () => {
  it.each([
    [
      "packet key and next root",
      "statement --new-packet-key --next-root new",
      [],
      { newPacketKey: true, nextRoot: "new" },
      "packet,announced",
    ],
    ["next certificate", "statement --new-certificate", [], { newCertificate: true }, "pins"],
    [
      "use of the next certificate",
      "statement --use-certificate --now",
      ["statement --new-certificate"],
      { useCertificate: true, now: true },
      "certificate",
    ],
    [
      "use of the next root",
      "statement --use-root --without-backup",
      ["statement --next-root new"],
      { useRoot: true as const, withoutBackup: true as const },
      "root",
    ],
  ])(
    "%s: the folder starts a service, with the old statement or the new one, and the command runs again",
    async (_, words, before, wishes, result) => {
      await using host = await ServedHost.make();
      for (const step of before) expect(host.run(...step.split(" ")).code).toBe(0);
      const first = start(host);
      const copy = join(host.dir, "copy");
      copyState(host.state, copy);
      using fault = new Fault(host.state);
      fault.arm({ kinds: ALL_CALLS, at: 0, action: 0 });
      expect(faulty(host, fault, words)).toBe("done");
      const calls = fault.seen;
      expect(calls).toBeGreaterThan(2);
      for (let at = 1; at <= calls; at++) {
        rmSync(host.state, { recursive: true });
        copyState(copy, host.state);
        fault.arm({ kinds: ALL_CALLS, at, action: ACTION.kill });
        expect(faulty(host, fault, words)).toMatch(/SIGKILL|137/);
        fault.disarm();
        const after = start(host);
        // Whoever held the statement before can follow to what is served now.
        const history = [first, ...(after.serial > first.serial ? [after] : [])];
        const chain = chainSince(history, first.serial).map(({ bytes }) => bytes);
        expect(followStatements(first, chain).serial).toBe(after.serial);
        // It was done already, or is done now. In this process: a second one for each would take minutes.
        await statement({ ...NOTHING, ...wishes, config: host.config }).catch((error: unknown) => {
          if (!(error instanceof HostError) || error.code !== "conflict") throw error;
        });
        const done = start(host);
        expect([at, describeChange(first, done, host)]).toEqual([at, result]);
        for (const name of readdirSync(host.state)) {
          if (statSync(join(host.state, name)).isFile()) expect(statSync(join(host.state, name)).mode & 0o077).toBe(0);
        }
        parseStatement(readFileSync(join(host.state, FILES.statement)));
      }
    },
  );
});
