import {
  encodeStatement,
  encodeStatementsRequest,
  followStatements,
  keyPair,
  parsePacketAnswer,
  parseStatement,
  parseStatementsAnswer,
  type Statement,
  toHex,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { publish, revokeSerial } from "../identity/history.ts";
import { FILES, parseRoot } from "../identity/keys.ts";
import { Bench } from "../testing/bench.ts";
import type { TestGuest } from "../testing/guest.ts";

async function enrolled(host: Bench): Promise<TestGuest> {
  const guest = await host.guest();
  const { status, bytes } = await host.send("/v1/claims", guest.claim());
  expect(status).toBe(200);
  guest.enrol(bytes);
  return guest;
}

/** Signs and publishes a later statement of the host, with another packet key if so wished. */
function rotate(host: Bench, change: { packetKey?: boolean; serial?: number } = {}): Statement {
  const before = parseStatement(readFileSync(join(host.dir, FILES.statement)));
  const root = parseRoot(Uint8Array.from(readFileSync(join(host.dir, FILES.rootKey))), "root.key");
  let { packetPk } = before;
  if (change.packetKey === true) {
    const key = randomBytes(32);
    writeFileSync(join(host.dir, FILES.packetNextKey), key, { mode: 0o600 });
    packetPk = keyPair("ed25519", key).publicKey;
  }
  const bytes = encodeStatement({ ...before, packetPk, serial: change.serial ?? before.serial + 1 }, root.sign);
  publish(host.dir, bytes);
  host.restart();
  return parseStatement(bytes);
}

describe("POST /v1/statements", () => {
  it("gives what is newer, to anybody, and nothing else", async () => {
    await using host = new Bench();
    const first = host.context.identity.statement;
    const { hostId } = first;
    const newest = rotate(host, { packetKey: true });
    const ask = async (serial: number): Promise<Uint8Array[]> => {
      const { status, bytes } = await host.send("/v1/statements", encodeStatementsRequest({ hostId, serial }));
      expect(status).toBe(200);
      return parseStatementsAnswer(bytes);
    };
    expect(followStatements(first, await ask(1)).serial).toBe(newest.serial);
    expect(await ask(2)).toEqual([]);
    expect(await ask(99)).toEqual([]);
    const other = encodeStatementsRequest({ hostId: new Uint8Array(8), serial: 1 });
    for (const bad of [other, new Uint8Array(11), new Uint8Array(0)])
      expect(await host.send("/v1/statements", bad)).toMatchObject({ status: 403, bytes: new Uint8Array(0) });
    const counts = { "statements.malformed": 2, "statements.mismatch": 1, "statements.statement-ahead": 1 };
    expect(host.context.refusals.counts()).toEqual(counts);
  });
});

describe("a VM that slept", () => {
  it("gets the newest statement with its packet, signed by the key that it names", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    for (let i = 0; i < 3; i++) rotate(host, { packetKey: true });
    const { status, bytes } = await host.send("/v1/packets", guest.hello());
    expect(status).toBe(200);
    const { statements, packet } = parsePacketAnswer(bytes);
    expect(statements.map((one) => parseStatement(one).serial)).toEqual([4]);
    const [newest] = statements.map(parseStatement);
    expect(toHex(newest?.packetPk ?? new Uint8Array(0))).toBe(toHex(host.context.identity.statement.packetPk));
    expect(guest.openUnder(packet, newest?.packetPk ?? new Uint8Array(0)).counter).toBe(1);
  });

  it("is known with the statement that its own hello names, not the one of a copy", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    expect(await host.vm()).toMatchObject({ statementSerial: null });
    const open = async (hello: Uint8Array): Promise<void> => {
      const { status, bytes } = await host.send("/v1/packets", hello);
      expect(status).toBe(200);
      const { statements, packet } = parsePacketAnswer(bytes);
      guest.statement = followStatements(guest.statement, statements);
      guest.openUnder(packet, guest.statement.packetPk);
    };
    await open(guest.hello());
    expect(await host.vm()).toMatchObject({ statementSerial: 1 });
    rotate(host);
    await open(guest.hello());
    expect(await host.vm()).toMatchObject({ statementSerial: 1 });
    host.clock.now += 86_400;
    await open(guest.hello());
    expect(await host.vm()).toMatchObject({ statementSerial: 2 });
    // A copy that was made before the statement: older counter, older statement.
    expect((await host.send("/v1/packets", guest.hello({ lastCounter: 1, statementSerial: 1 }))).status).toBe(200);
    expect(await host.vm()).toMatchObject({ statementSerial: 2 });
  });

  it("is taken back under a statement of the history, unless that was revoked", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    rotate(host, { packetKey: true });
    host.restart("lost");
    expect((await host.send("/v1/packets", guest.hello({ proof: true }))).status).toBe(200);
    revokeSerial(host.dir, 1);
    host.restart("lost");
    expect((await host.send("/v1/packets", guest.hello({ proof: true }))).status).toBe(403);
    expect(host.context.refusals.counts()).toEqual({ "packets.statement-revoked": 1 });
  });
});

describe("a state folder from yesterday", () => {
  it("goes on after the statement that a VM shows, and every VM follows", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const backup = mkdtempSync(join(tmpdir(), "bootseed-backup-"));
    cpSync(host.dir, backup, { recursive: true });
    const lost = rotate(host, { packetKey: true });
    guest.statement = lost;
    host.replaceState(backup);
    rmSync(backup, { recursive: true });

    expect((await host.send("/v1/packets", guest.hello())).status).toBe(403);
    expect(host.context.refusals.counts()).toEqual({ "packets.statement-ahead": 1 });
    const { status, bytes } = await host.send("/v1/packets", guest.hello({ proof: true }));
    expect(status).toBe(200);
    const { statements, packet } = parsePacketAnswer(bytes);
    const newest = followStatements(lost, statements);
    // The time: another VM may hold a later statement of the lost future.
    expect(newest.serial).toBe(host.clock.now);
    expect(guest.openUnder(packet, newest.packetPk).counter).toBe(1);
    // Durable: the next start knows it.
    host.restart();
    expect(host.context.identity.statement.serial).toBe(host.clock.now);
  });

  it("does not follow a statement that no root of its own signed, or that it cannot sign after", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    const other = keyPair("ed25519", randomBytes(32));
    const stranger = parseRoot(Uint8Array.from(other.privateKey), "stranger");
    const forged = encodeStatement({ ...host.context.identity.statement, serial: 9 }, stranger.sign);
    guest.statement = parseStatement(forged);
    expect((await host.send("/v1/packets", guest.hello({ proof: true }))).status).toBe(403);

    const root = parseRoot(Uint8Array.from(readFileSync(join(host.dir, FILES.rootKey))), "root.key");
    guest.statement = parseStatement(encodeStatement({ ...host.context.identity.statement, serial: 9 }, root.sign));
    rmSync(join(host.dir, FILES.rootKey));
    host.restart();
    expect((await host.send("/v1/packets", guest.hello({ proof: true }))).status).toBe(403);
    expect(host.context.refusals.counts()).toMatchObject({ "packets.statement-ahead": 1 });
    expect(host.context.identity.statement.serial).toBe(1);
  });
});

describe("a revoked VM", () => {
  it("gets nothing more, and does not come back by its certificate", async () => {
    await using host = new Bench();
    const guest = await enrolled(host);
    expect((await host.post(`/v1/vms/${toHex(guest.seedId)}/revoke`, {})).status).toBe(200);
    for (const proof of [false, true])
      expect((await host.send("/v1/packets", guest.hello({ proof }))).status).toBe(403);
    expect((await host.send("/v1/reports", guest.report())).status).toBe(403);
    expect((await host.send("/v1/claims", guest.claim())).status).toBe(403);
    const counts = { "packets.revoked": 2, "reports.revoked": 1, "claims.revoked": 1 };
    expect(host.context.refusals.counts()).toEqual(counts);
    expect((await host.post(`/v1/vms/${"00".repeat(16)}/revoke`, {})).status).toBe(404);
  });
});
