/**
 * The one X.509 certificate of a host: self-signed, P-256. Guests compare its SHA-256 with the pin in their statement
 * and ignore names and dates, so it has a fixed shape (RFC 5280, DER by X.690) and needs no certificate library.
 */
import { generateKeyPairSync, sign } from "node:crypto";

/** A TLS key and its certificate, PEM. */
export type TlsPair = { readonly keyPem: string; readonly certificatePem: string };

const OID_COMMON_NAME = [0x55, 0x04, 0x03];
const OID_BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13];
const OID_ECDSA_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/** RFC 5280, 4.1.2.5: "no well-defined expiration date". Rotation is a new statement, not a calendar. */
const NOT_AFTER = "99991231235959Z";
/** A guest whose clock is years slow must not see a certificate from the future, should it look. */
const NOT_BEFORE = "20000101000000Z";

/**
 * @param name printable ASCII, shown by TLS tools; nothing checks it
 * @param serial 8 random bytes
 */
export function selfSigned(name: string, serial: Uint8Array): TlsPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(der(0x06, OID_ECDSA_SHA256));
  const attribute = sequence(der(0x06, OID_COMMON_NAME), der(0x0c, Buffer.from(name, "ascii")));
  const distinguishedName = sequence(der(0x31, attribute));
  const validity = sequence(der(0x18, Buffer.from(NOT_BEFORE)), der(0x18, Buffer.from(NOT_AFTER)));
  // Empty BasicConstraints is "not a certificate authority".
  const constraints = sequence(der(0x06, OID_BASIC_CONSTRAINTS), der(0x01, [0xff]), der(0x04, sequence()));
  const tbs = sequence(
    der(0xa0, der(0x02, [2])),
    // A leading 0x01 keeps the integer positive and of minimal length.
    der(0x02, Buffer.concat([Uint8Array.of(1), serial])),
    algorithm,
    distinguishedName,
    validity,
    distinguishedName,
    publicKey.export({ format: "der", type: "spki" }),
    der(0xa3, sequence(constraints)),
  );
  const signature = sign("sha256", tbs, privateKey);
  const certificate = sequence(tbs, algorithm, der(0x03, Buffer.concat([Uint8Array.of(0), signature])));
  return {
    keyPem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    certificatePem: pem("CERTIFICATE", certificate),
  };
}

function der(tag: number, content: ArrayLike<number>): Buffer {
  const body = Buffer.from(Array.from(content));
  if (body.length < 0x80) return Buffer.concat([Uint8Array.of(tag, body.length), body]);
  if (body.length < 0x100) return Buffer.concat([Uint8Array.of(tag, 0x81, body.length), body]);
  return Buffer.concat([Uint8Array.of(tag, 0x82, body.length >> 8, body.length & 0xff), body]);
}

function sequence(...items: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(items));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
