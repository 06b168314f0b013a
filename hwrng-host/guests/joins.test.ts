import {
  encodeJoin,
  encodeReceiptRequest,
  fromBase64,
  type JoinToken,
  keyPair,
  parseJoinAnswer,
  parseJoinToken,
  parseStatement,
  toHex,
  zeroNonce,
  ed25519Signer,
  encodeReceipt,
  encodePacketRequest,
  openPacket,
  parseCertificate,
  parsePacketAnswer,
  signHello,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { damage } from "../../protocol/testing/mutations.ts";
import { newTokenAnswerSchema } from "../mint/join-tokens.ts";
import { Bench } from "../testing/bench.ts";
import { noise } from "../testing/fake-device.ts";

const REFUSAL = { status: 403, bytes: new Uint8Array(0), headers: "[]" };

async function tokenOf(host: Bench, uses = 1, expiresInSeconds = 3600): Promise<JoinToken & { id: string }> {
  const { status, body } = await host.post("/v1/join-tokens", {
    name: uses === 1 ? "old-db" : "old-*",
    uses,
    expiresInSeconds,
  });
  expect(status).toBe(200);
  const { id, token } = newTokenAnswerSchema.parse(body);
  return { ...parseJoinToken(fromBase64(token)), id };
}

/** A machine that was created without a seed. */
class Machine {
  readonly identity = keyPair("ed25519", randomBytes(32));
  readonly instanceId: string;

  constructor(instanceId = "i-1") {
    this.instanceId = instanceId;
  }

  join(token: JoinToken, tlsPin?: Uint8Array, name = "old-db"): Uint8Array {
    const [pin = new Uint8Array(32)] = parseStatement(token.statement).pins;
    const { hostId, tokenId } = token;
    const who = { identityPk: this.identity.publicKey, bootId: randomBytes(16), instanceId: this.instanceId };
    return encodeJoin({ hostId, tokenId, ...who, name }, token.joinKey, tlsPin ?? pin);
  }
}

describe("a join", () => {
  it("enrols a machine that then takes deliveries like any other, and is shown as joined", async () => {
    await using host = new Bench();
    const token = await tokenOf(host);
    const machine = new Machine();
    const { status, bytes } = await host.send("/v1/joins", machine.join(token));
    expect(status).toBe(200);
    const { psk, certificate, freshBytes } = parseJoinAnswer(bytes);
    const { seedId, hostId } = parseCertificate(certificate);
    expect(new Set(freshBytes).size).toBeGreaterThan(20);

    const receive = keyPair("x25519", randomBytes(32));
    const statement = parseStatement(token.statement);
    const hello = signHello(
      { seedId, pkE: receive.publicKey, lastCounter: 0, statementSerial: statement.serial },
      { hostId, nonce: zeroNonce() },
      ed25519Signer(machine.identity.privateKey),
    );
    const answer = await host.send("/v1/packets", encodePacketRequest({ hello, statements: [] }));
    expect(answer.status).toBe(200);
    const opened = openPacket({
      bytes: parsePacketAnswer(answer.bytes).packet,
      hostId,
      seedId,
      psk,
      helloBytes: hello,
      nonce: zeroNonce(),
      skE: receive.privateKey,
      packetPk: statement.packetPk,
      lastCounter: 0,
    });
    const receipt = encodeReceipt({ counter: opened.counter, rcMix: 0, rcReseed: 0 }, opened.receiptKey);
    expect((await host.send("/v1/receipts", encodeReceiptRequest({ seedId, receipt }))).status).toBe(204);
    expect(await host.vm()).toMatchObject({
      name: "old-db",
      joined: true,
      imported: false,
      instanceId: "i-1",
      topUps: 1,
    });
  });

  it("asked again after a lost answer gives the same certificate and key with new bytes, and costs no second use", async () => {
    await using host = new Bench();
    const token = await tokenOf(host, 1);
    const machine = new Machine();
    const [one, two] = [
      parseJoinAnswer((await host.send("/v1/joins", machine.join(token))).bytes),
      parseJoinAnswer((await host.send("/v1/joins", machine.join(token))).bytes),
    ];
    expect([two.psk, two.certificate]).toEqual([one.psk, one.certificate]);
    expect(two.freshBytes).not.toEqual(one.freshBytes);
    expect((await host.get("/v1/join-tokens")).body).toMatchObject({ tokens: [{ name: "old-db", uses: 1, used: 1 }] });
    expect(await host.send("/v1/joins", new Machine("i-2").join(token))).toEqual(REFUSAL);
  });

  it("gets the identical empty 403 for every bit flip and truncation, another certificate, another host; no use is spent", async () => {
    await using host = new Bench();
    await using other = new Bench();
    const token = await tokenOf(host);
    const request = new Machine().join(token);
    for (const { what, bytes } of damage(request)) expect(await host.send("/v1/joins", bytes), what).toEqual(REFUSAL);
    expect(await host.send("/v1/joins", new Machine().join(token, new Uint8Array(32)))).toEqual(REFUSAL);
    expect(await host.send("/v1/joins", new Machine().join(await tokenOf(other)))).toEqual(REFUSAL);
    expect(await host.vms()).toEqual([]);
    expect((await host.get("/v1/join-tokens")).body).toMatchObject({ tokens: [{ used: 0 }] });
  });

  it("is refused for a token that is over, or that this host has forgotten, and for a revoked machine; each is counted", async () => {
    await using host = new Bench();
    const revoked = await tokenOf(host, 5);
    const short = await tokenOf(host, 5, 60);
    const good = await tokenOf(host, 5);
    expect((await host.post(`/v1/join-tokens/${revoked.id}/revoke`, {})).status).toBe(200);
    host.clock.now += 60;
    const machine = new Machine();
    const { certificate } = parseJoinAnswer((await host.send("/v1/joins", machine.join(good))).bytes);
    const seedId = toHex(parseCertificate(certificate).seedId);
    expect((await host.post(`/v1/vms/${seedId}/revoke`, {})).status).toBe(200);
    for (const request of [machine.join(revoked), machine.join(short), machine.join(good)])
      expect(await host.send("/v1/joins", request)).toEqual(REFUSAL);
    const counts = { "joins.revoked": 1, "joins.token-expired": 1, "joins.token-revoked": 1 };
    expect(host.context.refusals.counts()).toEqual(counts);
    host.restart("lost");
    expect(await host.send("/v1/joins", new Machine("i-9").join(good))).toEqual(REFUSAL);
    expect(host.context.refusals.counts()).toEqual({ "joins.token-unknown": 1 });
    expect((await host.post(`/v1/join-tokens/${"00".repeat(16)}/revoke`, {})).status).toBe(404);
    expect((await host.post("/v1/join-tokens", { name: "x-*", uses: 0, expiresInSeconds: 3600 })).status).toBe(400);
  });

  it("with a token that is used up draws no entropy", async () => {
    // The start-up test and one answer; 40 more would not be there.
    await using host = new Bench({ samples: noise(1024 + 2 * 80) });
    const token = await tokenOf(host);
    expect((await host.send("/v1/joins", new Machine().join(token))).status).toBe(200);
    for (let i = 0; i < 40; i++)
      expect(await host.send("/v1/joins", new Machine(`i-${i}`).join(token))).toEqual(REFUSAL);
    expect(host.context.refusals.counts()).toEqual({ "joins.token-used": 40 });
  });

  it("survives the loss of the database by its certificate: the key is recomputed", async () => {
    await using host = new Bench();
    const token = await tokenOf(host);
    const machine = new Machine();
    const { psk, certificate } = parseJoinAnswer((await host.send("/v1/joins", machine.join(token))).bytes);
    const { seedId, hostId } = parseCertificate(certificate);
    host.restart("lost");
    const receive = keyPair("x25519", randomBytes(32));
    const statement = parseStatement(token.statement);
    const hello = signHello(
      { seedId, pkE: receive.publicKey, lastCounter: 7, statementSerial: statement.serial },
      { hostId, nonce: zeroNonce() },
      ed25519Signer(machine.identity.privateKey),
    );
    const request = encodePacketRequest({ hello, certificate, statements: [token.statement] });
    const { packet } = parsePacketAnswer((await host.send("/v1/packets", request)).bytes);
    const context = { hostId, seedId, psk, helloBytes: hello, nonce: zeroNonce() };
    const keys = { skE: receive.privateKey, packetPk: statement.packetPk, lastCounter: 7 };
    expect(openPacket({ bytes: packet, ...context, ...keys }).counter).toBe(8);
    expect(await host.vm()).toMatchObject({ imported: true });
  });

  it("gives only a name that the token allows: any other is refused, counted, and takes no use and no entropy", async () => {
    await using host = new Bench({ samples: noise(1024 + 2 * 80) });
    const token = await tokenOf(host);
    const refused = ["db-1", "github.com", "203.0.113.9", "2130706433", "127.1", "old-db.example.net", "x"];
    for (const name of refused)
      expect(await host.send("/v1/joins", new Machine().join(token, undefined, name)), name).toEqual(REFUSAL);
    expect(host.context.refusals.counts()).toEqual({ "joins.name-not-allowed": refused.length });
    expect((await host.get("/v1/join-tokens")).body).toMatchObject({ tokens: [{ used: 0, names: "old-db" }] });
    expect((await host.send("/v1/joins", new Machine().join(token, undefined, "OLD-DB"))).status).toBe(200);
  });

  it("without a name gets the only one that the token allows; a pattern is no name", async () => {
    await using host = new Bench();
    expect((await host.send("/v1/joins", new Machine().join(await tokenOf(host), undefined, ""))).status).toBe(200);
    expect(await host.vm()).toMatchObject({ name: "old-db" });
    expect(await host.send("/v1/joins", new Machine().join(await tokenOf(host, 5), undefined, ""))).toEqual(REFUSAL);
    expect(host.context.refusals.counts()).toEqual({ "joins.name-not-allowed": 1 });
  });

  it("keeps its first name when the machine asks again under another", async () => {
    await using host = new Bench();
    const token = await tokenOf(host);
    const machine = new Machine();
    await host.send("/v1/joins", machine.join(token));
    expect((await host.send("/v1/joins", machine.join(token, undefined, "github.com"))).status).toBe(200);
    expect(await host.vms()).toMatchObject([{ name: "old-db" }]);
  });
});
