import {
  encodeCertificate,
  encodePacketRequest,
  encodeStatement,
  ed25519Signer,
  keyPair,
  parseStatement,
  signHello,
  toHex,
  zeroNonce,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { copyFileSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FILES, parseRoot, type SigningRoot } from "../identity/keys.ts";
import { carryOut, plan } from "../identity/rotate.ts";
import { Bench } from "../testing/bench.ts";

/** Announces a new root and lets it sign. @returns the old one, as a thief has it */
function changeRoot(host: Bench): SigningRoot {
  const stolen = parseRoot(Uint8Array.from(readFileSync(join(host.dir, FILES.rootKey))), "root.key");
  const { addresses: advertise, intervalMs } = host.context.identity.statement;
  const key = Uint8Array.from(randomBytes(32));
  const root = parseRoot(Uint8Array.from(key), "new");
  for (const rotation of [{ nextRoot: { root, key } }, { useRoot: null }])
    carryOut(host.dir, plan(host.dir, { advertise, intervalMs }, rotation, host.clock.now), rotation);
  host.restart();
  return stolen;
}

describe("the stolen key of a root that was retired", () => {
  // After the last that this root signed, and between two of its own time.
  it.each([4_000_000_000, 2])("brings no machine in by a certificate of the thief's own: serial %d", async (serial) => {
    await using host = new Bench();
    const stolen = changeRoot(host);
    const { hostId, statement } = host.context.identity;
    const packetKey = keyPair("ed25519", randomBytes(32));
    const identity = keyPair("ed25519", randomBytes(32));
    const { rootAlg, rootPk } = stolen;
    const fields = { ...statement, rootAlg, rootPk, packetPk: packetKey.publicKey, serial };
    const forged = encodeStatement(fields, stolen.sign);
    const seedId = randomBytes(16);
    const says = { hostId, seedId, identityPk: identity.publicKey, instanceIdHash: new Uint8Array(32) };
    const certificate = encodeCertificate(
      { ...says, issuedAt: host.clock.now, statementSerial: serial },
      ed25519Signer(packetKey.privateKey),
    );
    const pkE = keyPair("x25519", randomBytes(32)).publicKey;
    const hello = signHello(
      { seedId, pkE, lastCounter: 0, statementSerial: statement.serial },
      { hostId, nonce: zeroNonce() },
      ed25519Signer(identity.privateKey),
    );
    const request = encodePacketRequest({ hello, certificate, statements: [forged] });
    expect((await host.send("/v1/packets", request)).status).toBe(403);
    expect(host.context.refusals.counts()).toEqual({ "packets.bad-signature": 1 });
    expect(await host.vms()).toEqual([]);
  });

  it("does not make the host go back to that root, not even where the key still lies in the state folder", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    const kept = join(host.dir, "..", `${toHex(randomBytes(8))}.key`);
    copyFileSync(join(host.dir, FILES.rootKey), kept);
    const stolen = changeRoot(host);
    renameSync(kept, join(host.dir, FILES.rootNextKey));
    const { statement } = host.context.identity;
    const { rootAlg, rootPk } = stolen;
    guest.statement = parseStatement(
      encodeStatement({ ...statement, rootAlg, rootPk, serial: statement.serial + 1 }, stolen.sign),
    );
    expect((await host.send("/v1/packets", guest.hello({ proof: true }))).status).toBe(403);
    expect(host.context.identity.statement.serial).toBe(statement.serial);
  });

  it("still proves what it signed in its own time", async () => {
    await using host = new Bench();
    const guest = await host.guest();
    guest.enrol((await host.send("/v1/claims", guest.claim())).bytes);
    changeRoot(host);
    host.restart("lost");
    expect((await host.send("/v1/packets", guest.hello({ proof: true }))).status).toBe(200);
  });
});
