/**
 * Vectors of the report and of SSHSIG. ECDSA signatures are noble's, which are deterministic (RFC 6979); RSA is tested
 * with ssh-keygen.
 */
import { hash } from "node:crypto";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { concat, utf8 } from "../../../protocol/bytes.ts";
import { HOST_KEY_NAMESPACE, REPORT_NAMESPACE } from "../../../protocol/report.ts";
import { ed25519SshKey, sshString } from "../../../protocol/ssh-key.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { signSshsig, sshsigBlob, sshsigInput } from "../../../protocol/testing/sign-sshsig.ts";
import { refuse, toHex, values, wrongLengths, type Accepted, type Refused, type VectorFile } from "./vector.ts";

const json = utf8(JSON.stringify(ex.reportJson));
const identitySig = signSshsig(ex.identity, json, REPORT_NAMESPACE);
const hostKeySig = signSshsig(ex.hostKey, json, HOST_KEY_NAMESPACE);

function changed(name: string, change: object, code = "malformed"): Refused {
  return refuse(name, code, ex.signReport(utf8(JSON.stringify({ ...ex.reportJson, ...change }))));
}

export const report: VectorFile = {
  message: "report",
  layout:
    "u32 length ‖ JSON ‖ lp(identity's SSHSIG in bootseed-report@v1) ‖ n ‖ n × lp(host key's SSHSIG in bootseed-host-key@v1)",
  given: values({
    identitySk: ex.identity.privateKey,
    identityPk: ex.identity.publicKey,
    hostKeySk: ex.hostKey.privateKey,
    hostKeyPk: ex.hostKey.publicKey,
  }),
  accepted: [{ name: "one host key", fields: { json: JSON.stringify(ex.reportJson) }, bytes: toHex(ex.report) }],
  refused: [
    ...wrongLengths(ex.report),
    refuse("over 16 KiB", "too-long", new Uint8Array(16_385)),
    refuse("not JSON", "malformed", ex.signReport(utf8("{"))),
    changed("unknown field", { extra: 1 }),
    changed("unknown verdict", { verdict: "fine" }),
    changed("host key with a comment", { hostKeys: [`${ex.reportJson.hostKeys[0]} root@web`] }),
    changed("another identity in the JSON", { identityPk: toHex(ex.root.publicKey) }, "mismatch"),
    refuse("no signature by the host key", "malformed", ex.rawReport(json, [identitySig])),
    refuse("signatures in each other's place", "mismatch", ex.rawReport(json, [hostKeySig, identitySig])),
    refuse(
      "host key signed in the report's namespace",
      "mismatch",
      ex.rawReport(json, [identitySig, signSshsig(ex.hostKey, json, REPORT_NAMESPACE)]),
    ),
    refuse(
      "host key signed other bytes",
      "bad-signature",
      ex.rawReport(json, [identitySig, signSshsig(ex.hostKey, utf8("{}"), HOST_KEY_NAMESPACE)]),
    ),
    refuse(
      "identity signed other bytes",
      "bad-signature",
      ex.rawReport(json, [signSshsig(ex.identity, utf8("{}"), REPORT_NAMESPACE), hostKeySig]),
    ),
  ],
};

const message = utf8("bootseed");
const namespace = HOST_KEY_NAMESPACE;
const CURVES = [
  { name: "nistp256", curve: p256, hash: "sha256", bytes: 32 },
  { name: "nistp384", curve: p384, hash: "sha384", bytes: 48 },
  { name: "nistp521", curve: p521, hash: "sha512", bytes: 66 },
] as const;

/** Positive mpint: no leading zeros, one zero byte in front of a set top bit. */
function mpint(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0);
  const short = bytes.subarray(start);
  return sshString((short[0] ?? 0) < 0x80 ? short : concat(Uint8Array.of(0), short));
}

function ecdsa({ name, curve, hash: digest, bytes }: (typeof CURVES)[number]): Accepted {
  const type = utf8(`ecdsa-sha2-${name}`);
  // The first byte is cleared so that the scalar of P-521, 521 bits in 66 bytes, is below the order.
  const secretKey = Uint8Array.from(ex.example(name, bytes)).fill(0, 0, 1);
  const publicKey = concat(sshString(type), sshString(utf8(name)), sshString(curve.getPublicKey(secretKey, false)));
  const input = hash(digest, sshsigInput(message, namespace, "sha256"), "buffer");
  const rs = curve.sign(input, secretKey, { prehash: false, lowS: false });
  const signature = concat(sshString(type), sshString(concat(mpint(rs.subarray(0, bytes)), mpint(rs.subarray(bytes)))));
  return { name, fields: values({ publicKey }), bytes: toHex(sshsigBlob(publicKey, namespace, "sha256", signature)) };
}

const ed25519 = signSshsig(ex.hostKey, message, namespace);

export const sshsig: VectorFile = {
  message: "sshsig",
  layout: "SSHSIG of OpenSSH's PROTOCOL.sshsig, without armour, over `message` in `namespace`",
  given: values({
    message,
    namespace,
    hostKeySk: ex.hostKey.privateKey,
    publicKey: ed25519SshKey(ex.hostKey.publicKey),
  }),
  accepted: [
    { name: "ed25519", fields: values({ publicKey: ed25519SshKey(ex.hostKey.publicKey) }), bytes: toHex(ed25519) },
    ...CURVES.map((curve) => ecdsa(curve)),
  ],
  refused: [
    ...wrongLengths(ed25519),
    refuse("another namespace", "mismatch", ed25519, { namespace: "file" }),
    refuse("another key", "mismatch", ed25519, { publicKey: toHex(ed25519SshKey(ex.identity.publicKey)) }),
    refuse("another message", "bad-signature", ed25519, { message: toHex(utf8("bootsee")) }),
  ],
};
