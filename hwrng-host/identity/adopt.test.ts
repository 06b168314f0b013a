import { encodeStatement, parseStatement, type Statement, type StatementFields, toHex } from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HostIdentity, loadIdentity } from "./host-identity.ts";
import { nextSerial } from "./history.ts";
import { initState } from "./init.ts";
import { FILES, parseRoot, type SigningRoot } from "./keys.ts";
import { carryOut, plan } from "./rotate.ts";
import { selfSigned } from "./self-signed.ts";

const PAIR = await selfSigned("bootseed test", randomBytes(8));
const ANNOUNCE = { advertise: ["192.0.2.1:7443"], intervalMs: 21_600_000 };
const NOW = 1_795_262_400;

let dir: string;
let root: SigningRoot;
let host: HostIdentity;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-adopt-"));
  initState(dir, ANNOUNCE, (bytes) => randomBytes(bytes), PAIR);
  root = parseRoot(Uint8Array.from(readFileSync(join(dir, FILES.rootKey))), "root.key");
  host = loadIdentity(dir);
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A statement that this folder has forgotten. */
const lost = (change: Partial<StatementFields>, signer = root): Statement =>
  parseStatement(encodeStatement({ ...host.statement, serial: 9, ...change }, signer.sign));

describe("a statement of a lost future", () => {
  it("is gone on after: own key and address, the pins of both, the root that was announced meanwhile", () => {
    const stranger = randomBytes(32);
    const pin = Uint8Array.from(randomBytes(32));
    const next = parseRoot(Uint8Array.from(randomBytes(32)), "next");
    const addresses = ["203.0.113.9:1"];
    const fields = { pins: [pin], packetPk: parseRoot(stranger, "stranger").rootPk, addresses, next };
    const known = host.statement;
    expect(host.adopt(lost(fields), NOW)).toBe(true);
    const { pins, packetPk, addresses: said, serial, next: announced } = host.statement;
    expect(pins.map(toHex)).toEqual([toHex(host.tlsPin), toHex(pin)]);
    expect([toHex(packetPk), said, serial]).toEqual([toHex(known.packetPk), known.addresses, NOW]);
    expect(toHex(announced?.rootPk ?? new Uint8Array(0))).toBe(toHex(next.rootPk));
    expect(loadIdentity(dir).history.map((one) => one.serial)).toEqual([1, 9, NOW]);
  });

  it("keeps the host's own pin where there are too many", () => {
    const pins = Array.from({ length: 4 }, () => Uint8Array.from(randomBytes(32)));
    expect(host.adopt(lost({ pins }), NOW)).toBe(true);
    expect(host.statement.pins.map(toHex)).toEqual([host.tlsPin, ...pins.slice(0, 3)].map(toHex));
  });

  it("is nothing without this host's root, of another host, not newer, or the last there can be", () => {
    const other = parseRoot(Uint8Array.from(randomBytes(32)), "other");
    const { rootAlg, rootPk } = other;
    const wrong = [
      lost({ rootAlg, rootPk }, other),
      lost({}, other),
      lost({ hostId: new Uint8Array(8) }),
      lost({ serial: 1 }),
      lost({ serial: 0xffff_ffff }),
    ];
    for (const presented of wrong) expect(host.adopt(presented, NOW)).toBe(false);
    expect(loadIdentity(dir).statement.serial).toBe(1);
  });

  it("does not undo what an operator signed meanwhile", () => {
    const rotation = { packetKey: Uint8Array.from(randomBytes(32)) };
    carryOut(dir, plan(dir, ANNOUNCE, rotation, NOW), rotation);
    expect(host.adopt(lost({}), NOW + 1)).toBe(false);
    // Else the statement would name a packet key that is gone, and the service would not start again.
    const again = loadIdentity(dir);
    expect(again.statement.serial).toBe(NOW);
    expect(again.adopt(lost({ serial: NOW + 9 }), NOW + 10)).toBe(true);
  });
});

describe("the next serial", () => {
  it("is the time where that rises, and rises without it", () => {
    expect([nextSerial(1, NOW), nextSerial(NOW, NOW)]).toEqual([NOW, NOW + 1 + (NOW % 65_536)]);
    expect(nextSerial(0xffff_fffe, NOW)).toBe(0xffff_ffff);
  });

  it("does not follow a clock that is decades ahead: none would be left", () => {
    for (const now of [0xf000_0000, 0xffff_ffff, 0x1_0000_0000, 1e12])
      expect(nextSerial(NOW, now)).toBeLessThan(NOW + 65_538);
  });

  it("is not given twice when there is none left", () => {
    expect(() => nextSerial(0xffff_ffff, NOW)).toThrow(/the last that this host can sign/);
  });
});
