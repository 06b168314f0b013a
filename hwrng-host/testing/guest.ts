/** Test aid: the guest's side of the protocol, for one VM and one host. */
import {
  type ClaimAnswer,
  ed25519Signer,
  ed25519SshKey,
  encodeClaim,
  encodePacketRequest,
  encodeReceipt,
  encodeReceiptRequest,
  encodeReport,
  fromBase64,
  fromHex,
  HOST_KEY_NAMESPACE,
  type KeyPair,
  keyPair,
  type OpenedPacket,
  openPacket,
  parseClaimAnswer,
  parsePacketAnswer,
  pskFor,
  REPORT_NAMESPACE,
  signHello,
  type Statement,
  toHex,
  zeroNonce,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { signSshsig } from "../../protocol/testing/sign-sshsig.ts";

type HostSide = { readonly hostId: Uint8Array; readonly statement: Statement; readonly tlsPin: Uint8Array };
type Reserved = { readonly seedId: string; readonly claimKey: string; readonly psk0: string; readonly token: string };

export class TestGuest {
  readonly seedId: Uint8Array;
  readonly token: string;
  readonly instanceId: string;
  readonly urn: string;
  identity: KeyPair = keyPair("ed25519", randomBytes(32));
  hostKey: KeyPair = keyPair("ed25519", randomBytes(32));
  psk: Uint8Array = new Uint8Array(32);
  certificate: Uint8Array = new Uint8Array(0);
  lastCounter = 0;
  /** The newest it knows; a test lets it follow, or not. */
  statement: Statement;
  /** The host's, in `tcp`; zero over TLS. */
  nonce: Uint8Array = zeroNonce();
  #receiveKey: KeyPair = keyPair("x25519", randomBytes(32));
  #hello: Uint8Array = new Uint8Array(0);
  readonly #host: HostSide;
  readonly #reserved: Reserved;

  constructor(reserved: Reserved, host: HostSide, instanceId: string, urn: string) {
    this.#reserved = reserved;
    this.#host = host;
    this.statement = host.statement;
    this.seedId = fromHex(reserved.seedId, 16);
    this.token = reserved.token;
    this.instanceId = instanceId;
    this.urn = urn;
  }

  claim(
    change: { instanceId?: string; claimKey?: Uint8Array; tlsPin?: Uint8Array; bootId?: Uint8Array } = {},
  ): Uint8Array {
    const fields = {
      hostId: this.#host.hostId,
      seedId: this.seedId,
      identityPk: this.identity.publicKey,
      bootId: change.bootId ?? new Uint8Array(16),
      instanceId: change.instanceId ?? this.instanceId,
    };
    const claimKey = change.claimKey ?? fromBase64(this.#reserved.claimKey);
    return encodeClaim(fields, claimKey, change.tlsPin ?? this.#host.tlsPin);
  }

  /** Takes over a final answer. */
  enrol(bytes: Uint8Array): ClaimAnswer {
    const answer = parseClaimAnswer(bytes);
    if (answer.claimSecret !== undefined) this.psk = pskFor(fromBase64(this.#reserved.psk0), answer.claimSecret);
    this.certificate = answer.certificate ?? this.certificate;
    return answer;
  }

  report(change: object = {}, signers: readonly KeyPair[] = [this.hostKey]): Uint8Array {
    const document = {
      hostId: toHex(this.#host.hostId),
      seedId: toHex(this.seedId),
      identityPk: toHex(this.identity.publicKey),
      instanceId: this.instanceId,
      bootId: "01234567-89ab-cdef-0123-456789abcdef",
      verdict: "reseeded",
      evidence: {
        rcMix: 0,
        rcReseed: 0,
        hostKeysBefore: 0,
        kernel: "6.1.0-test",
        poolsize: 256,
        fipsEnabled: 0,
        rngCurrent: null,
        gate: "passed",
        timeline: [["hook", 23.41]],
      },
      hostKeys: [`ssh-ed25519 ${Buffer.from(ed25519SshKey(this.hostKey.publicKey)).toString("base64")}`],
      versions: { kit: "0.1.0", python: "3.11.2" },
      ...change,
    };
    const json = new TextEncoder().encode(JSON.stringify(document));
    const identitySig = signSshsig(this.identity, json, REPORT_NAMESPACE);
    const hostKeySigs = signers.map((key) => signSshsig(key, json, HOST_KEY_NAMESPACE));
    return encodeReport({ json, identitySig, hostKeySigs });
  }

  /** A packet request with a new receive key. */
  hello(change: { lastCounter?: number; proof?: boolean; statementSerial?: number } = {}): Uint8Array {
    this.#receiveKey = keyPair("x25519", randomBytes(32));
    const { hostId } = this.#host;
    const { statement } = this;
    const fields = {
      seedId: this.seedId,
      pkE: this.#receiveKey.publicKey,
      lastCounter: change.lastCounter ?? this.lastCounter,
      statementSerial: change.statementSerial ?? statement.serial,
    };
    this.#hello = signHello(fields, { hostId, nonce: this.nonce }, ed25519Signer(this.identity.privateKey));
    return this.request(change.proof ?? false);
  }

  /** The last hello once more; `proof`: with certificate and statement. */
  request(proof: boolean): Uint8Array {
    const evidence = proof ? { certificate: this.certificate, statements: [this.statement.bytes] } : { statements: [] };
    return encodePacketRequest({ hello: this.#hello, ...evidence });
  }

  /** Opens the answer to the last hello. */
  open(answer: Uint8Array): OpenedPacket & { statements: number; packetBytes: number } {
    const { packet, statements } = parsePacketAnswer(answer);
    const opened = this.openUnder(packet, this.statement.packetPk);
    return { ...opened, statements: statements.length, packetBytes: packet.length };
  }

  /** Opens a packet that a certain packet key signed. */
  openUnder(packet: Uint8Array, packetPk: Uint8Array): OpenedPacket {
    const opened = openPacket({
      bytes: packet,
      hostId: this.#host.hostId,
      seedId: this.seedId,
      psk: this.psk,
      helloBytes: this.#hello,
      nonce: this.nonce,
      skE: this.#receiveKey.privateKey,
      packetPk,
      lastCounter: this.lastCounter,
    });
    this.lastCounter = opened.counter;
    return opened;
  }

  receipt(opened: OpenedPacket, rcMix = 0, rcReseed = 0): Uint8Array {
    const receipt = encodeReceipt({ counter: opened.counter, rcMix, rcReseed }, opened.receiptKey);
    return encodeReceiptRequest({ seedId: this.seedId, receipt });
  }
}
