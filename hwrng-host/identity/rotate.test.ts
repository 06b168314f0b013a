import { followStatements, parseStatement, type Statement, toHex } from "@bootseed/protocol";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadIdentity } from "./host-identity.ts";
import { initState } from "./init.ts";
import { FILES, parseRoot } from "./keys.ts";
import { carryOut, plan, type Rotation, takeNextCertificate } from "./rotate.ts";
import { selfSigned } from "./self-signed.ts";

const PAIR = await selfSigned("bootseed test", randomBytes(8));
const NEXT = await selfSigned("bootseed next", randomBytes(8));
const ANNOUNCE = { advertise: ["192.0.2.1:7443"], intervalMs: 21_600_000 };
const NOW = 1_795_262_400;

class State implements Disposable {
  readonly dir: string = join(mkdtempSync(join(tmpdir(), "bootseed-rotate-")), "state");
  readonly first: Statement;
  constructor() {
    initState(this.dir, ANNOUNCE, (bytes) => randomBytes(bytes), PAIR);
    this.first = this.newest();
  }
  newest(): Statement {
    return parseStatement(readFileSync(join(this.dir, FILES.statement)));
  }
  rotate(rotation: Rotation, announce = ANNOUNCE): Statement {
    return carryOut(this.dir, plan(this.dir, announce, rotation, NOW), rotation);
  }
  load(): ReturnType<typeof loadIdentity> {
    return loadIdentity(this.dir);
  }
  [Symbol.dispose](): void {
    rmSync(join(this.dir, ".."), { recursive: true, force: true });
  }
}
const key = (): Uint8Array => Uint8Array.from(randomBytes(32));
const rootOf = (bytes: Uint8Array): ReturnType<typeof parseRoot> => parseRoot(Uint8Array.from(bytes), "test");

describe("two rotations at once", () => {
  it("do not undo each other: the second is refused", () => {
    using state = new State();
    const certificate = { certificate: NEXT };
    const late = plan(state.dir, ANNOUNCE, certificate, NOW);
    const { serial } = state.rotate({ packetKey: key() });
    expect(() => carryOut(state.dir, late, certificate)).toThrow(/another statement was signed meanwhile/);
    expect(state.load().statement.serial).toBe(serial);
    expect(existsSync(join(state.dir, FILES.tlsNextKey))).toBe(false);
  });

  it("wait for nobody that was killed, and not side by side with one that lives", () => {
    using state = new State();
    const mark = (pid: number): string => join(state.dir, `signing.${pid}.tmp`);
    writeFileSync(mark(4_194_305), "");
    state.rotate({ packetKey: key() });
    writeFileSync(mark(process.ppid), "");
    expect(() => state.rotate({ packetKey: key() })).toThrow(/another command signs/);
    expect(existsSync(mark(process.pid))).toBe(false);
    rmSync(mark(process.ppid));
    state.rotate({ packetKey: key() });
    state.load();
  });
});

describe("a rotation", () => {
  it("that wishes nothing signs nothing; a changed config is a plan", () => {
    using state = new State();
    expect(plan(state.dir, ANNOUNCE, {}, NOW)).toMatchObject({ fields: null, changes: [] });
    const moved = { ...ANNOUNCE, advertise: ["192.0.2.2:7443"] };
    const planned = plan(state.dir, moved, {}, NOW);
    expect(planned.changes).toEqual(["addresses: 192.0.2.1:7443 → 192.0.2.2:7443"]);
    expect(planned.effects[0]).toMatch(/keep 192\.0\.2\.1:7443 reachable/);
    expect(state.newest().serial).toBe(1);
    expect(followStatements(state.first, [carryOut(state.dir, planned, {}).bytes]).addresses).toEqual(moved.advertise);
  });

  it("of the packet key changes key and statement together", () => {
    using state = new State();
    const before = toHex(state.first.packetPk);
    state.rotate({ packetKey: key() });
    const identity = state.load();
    expect(toHex(identity.statement.packetPk)).not.toBe(before);
    expect(existsSync(join(state.dir, FILES.packetNextKey))).toBe(false);
    expect(identity.history.map(({ serial }) => serial)).toEqual([1, NOW]);
  });

  it("of the certificate is published first and used a day later; the pin before stays", () => {
    using state = new State();
    const [old] = state.first.pins;
    state.rotate({ certificate: NEXT });
    expect(state.newest().pins.map(toHex)).toContain(toHex(old ?? new Uint8Array(0)));
    expect(() => state.rotate({ certificate: NEXT })).toThrow(/waiting already/);
    const now = Date.now() / 1000;
    expect(() => takeNextCertificate(state.dir, now + 3600, { now: false, dryRun: false })).toThrow(
      /published 1\.0 h ago/,
    );
    takeNextCertificate(state.dir, now + 90_000, { now: false, dryRun: true });
    takeNextCertificate(state.dir, now + 90_000, { now: false, dryRun: false });
    const identity = state.load();
    expect(identity.tlsCertificatePem).toEqual(Uint8Array.from(Buffer.from(NEXT.certificatePem)));
    expect(() => takeNextCertificate(state.dir, now, { now: true, dryRun: false })).toThrow(/no next certificate/);
  });

  it("of the root: the old one announces, the new one signs, and sleepers follow; P-256 and offline alike", () => {
    using state = new State();
    const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
    const offline = parseRoot(Buffer.from(p256.export({ format: "pem", type: "pkcs8" })), "test");
    expect(() => state.rotate({ useRoot: offline })).toThrow(/no next root was announced/);
    const here = key();
    state.rotate({ nextRoot: { root: rootOf(here), key: Uint8Array.from(here) } });
    expect(() => state.rotate({ useRoot: offline })).toThrow(/the announced root is/);
    state.rotate({ useRoot: null });
    state.rotate({ nextRoot: { root: offline } });
    state.rotate({ useRoot: offline });
    // The key of the root before is still there, and worth nothing: the next statement needs the offline one.
    const identity = state.load();
    expect(identity.statement.rootAlg).toBe(2);
    expect(() => state.rotate({ packetKey: key() })).toThrow(/root that must sign is not at hand/);
    const newest = state.rotate({ packetKey: key(), root: offline });
    const rest = state
      .load()
      .history.slice(1)
      .map(({ bytes }) => bytes);
    expect(followStatements(state.first, rest).serial).toBe(newest.serial);
  });

  it("of the root takes no new key in the same step that would be written over the announced one's", () => {
    using state = new State();
    const [second, third] = [key(), key()];
    state.rotate({ nextRoot: { root: rootOf(second), key: Uint8Array.from(second) } });
    const both = { useRoot: null, nextRoot: { root: rootOf(third), key: Uint8Array.from(third) } };
    expect(() => state.rotate(both)).toThrow(/the announced root's key/);
    expect([...readFileSync(join(state.dir, FILES.rootNextKey))]).toEqual([...second]);
    // A public key is written nowhere, and a key from elsewhere is kept there.
    state.rotate({ useRoot: null, nextRoot: { root: rootOf(third) } });
    expect(state.rotate({}, { ...ANNOUNCE, intervalMs: 60_000 }).rootPk).toEqual(rootOf(second).rootPk);
    const fourth = key();
    state.rotate({ useRoot: rootOf(third), nextRoot: { root: rootOf(fourth), key: Uint8Array.from(fourth) } });
    expect([...readFileSync(join(state.dir, FILES.rootNextKey))]).toEqual([...fourth]);
    expect(state.load().statement.rootPk).toEqual(rootOf(third).rootPk);
  });

  it("goes above what VMs hold already", () => {
    using state = new State();
    expect(state.rotate({ serialAbove: 4_000_000_000 }).serial).toBeGreaterThan(4_000_000_000);
  });

  it("that a crash cut short at any step leaves a folder that loads, old or new", () => {
    using state = new State();
    const packetKey = key();
    const copy = join(state.dir, "..", "copy");
    const rotation = { packetKey: Uint8Array.from(packetKey), certificate: NEXT };
    state.rotate(rotation);
    // Before the key took its place: as carryOut leaves it between publishing and the last rename.
    cpSync(state.dir, copy, { recursive: true });
    renameSync(join(state.dir, FILES.packetKey), join(state.dir, FILES.packetNextKey));
    expect(state.load().statement.serial).toBe(NOW);
    // The certificate is in use, its key not yet.
    renameSync(join(state.dir, FILES.tlsNextCertificate), join(state.dir, FILES.tlsCertificate));
    expect(state.load().tlsKeyPem).toEqual(Uint8Array.from(Buffer.from(NEXT.keyPem)));
  });
});
