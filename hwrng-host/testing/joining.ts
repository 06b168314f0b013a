/** Test aid: machines that join a `Bench` with a token, and report. */
import {
  encodeJoin,
  fromBase64,
  type JoinToken,
  type KeyPair,
  keyPair,
  parseCertificate,
  parseJoinAnswer,
  parseJoinToken,
  parseStatement,
  toHex,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { newTokenAnswerSchema } from "../mint/join-tokens.ts";
import type { Bench } from "./bench.ts";
import { TestGuest } from "./guest.ts";

/** A token of this host for `uses` machines. @throws Error when the host refuses it */
export async function joinToken(
  host: Bench,
  name: string,
  uses = 1,
  stack?: string,
): Promise<JoinToken & { id: string }> {
  const { status, body } = await host.post("/v1/join-tokens", { name, uses, expiresInSeconds: 3600, stack });
  if (status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`);
  const { id, token } = newTokenAnswerSchema.parse(body);
  return { ...parseJoinToken(fromBase64(token)), id };
}

/** A machine that was created without a seed. */
export class JoiningMachine {
  readonly instanceId: string;
  identity: KeyPair = keyPair("ed25519", randomBytes(32));
  readonly hostKey: KeyPair = keyPair("ed25519", randomBytes(32));

  constructor(instanceId: string = toHex(randomBytes(4))) {
    this.instanceId = instanceId;
  }

  request(token: JoinToken, name: string): Uint8Array {
    const [pin = new Uint8Array(32)] = parseStatement(token.statement).pins;
    const { hostId, tokenId } = token;
    const who = { identityPk: this.identity.publicKey, bootId: randomBytes(16), instanceId: this.instanceId };
    return encodeJoin({ hostId, tokenId, ...who, name }, token.joinKey, pin);
  }

  /** @returns the seedId, hex, or null for a refusal; a machine that joined has reported */
  async join(host: Bench, token: JoinToken, name: string, reports = true): Promise<string | null> {
    const { status, bytes } = await host.send("/v1/joins", this.request(token, name));
    if (status !== 200) return null;
    const seedId = toHex(parseCertificate(parseJoinAnswer(bytes).certificate).seedId);
    const guest = new TestGuest(
      { seedId, claimKey: "", psk0: "", token: "" },
      host.context.identity,
      this.instanceId,
      "",
    );
    guest.identity = this.identity;
    guest.hostKey = this.hostKey;
    if (reports) {
      const answer = await host.send("/v1/reports", guest.report());
      if (answer.status !== 204) throw new Error(`the report of ${name} was answered ${answer.status}`);
    }
    return seedId;
  }
}
