/**
 * The one X.509 certificate of a host: self-signed, P-256. Guests compare its SHA-256 with the pin in their statement
 * and ignore names and dates.
 */
import "reflect-metadata"; // @peculiar/x509 needs this polyfill, and leaves its import to the program
import { webcrypto } from "node:crypto";
import { BasicConstraintsExtension, X509CertificateGenerator } from "@peculiar/x509";

/** A TLS key and its certificate, PEM. */
export type TlsPair = { readonly keyPem: string; readonly certificatePem: string };

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** RFC 5280, 4.1.2.5: "no well-defined expiration date". Rotation is a new statement, not a calendar. */
const NOT_AFTER = new Date("9999-12-31T23:59:59Z");
/** A guest whose clock is years slow must not see a certificate from the future, should it look. */
const NOT_BEFORE = new Date("2000-01-01T00:00:00Z");

/**
 * @param name printable ASCII, shown by TLS tools; nothing checks it
 * @param serial 8 random bytes
 */
export async function selfSigned(name: string, serial: Uint8Array): Promise<TlsPair> {
  const keys = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      // A leading 01 keeps the integer positive and of minimal length.
      serialNumber: `01${Buffer.from(serial).toString("hex")}`,
      name: `CN=${name}`,
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      signingAlgorithm: P256,
      keys,
      extensions: [new BasicConstraintsExtension(false, undefined, true)],
    },
    webcrypto,
  );
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const lines = pkcs8.toString("base64").match(/.{1,64}/g) ?? [];
  pkcs8.fill(0);
  return {
    keyPem: ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----", ""].join("\n"),
    certificatePem: `${certificate.toString("pem")}\n`,
  };
}
