/** An OIDC issuer on this machine: discovery and keys over real TLS, tokens as a CI system signs them. */
import { generateKeyPairSync, type KeyPairKeyObjectResult, randomBytes, sign, webcrypto } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { boundPort } from "../../hwrng-host/server/bound-port.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const KID = "local-1";
const DAY_MS = 86_400_000;

export class LocalIssuer implements AsyncDisposable {
  readonly url: string;
  /** PEM file of its certificate. */
  readonly ca: string;
  readonly #server: Server;
  readonly #keys: KeyPairKeyObjectResult;

  private constructor(server: Server, ca: string, keys: KeyPairKeyObjectResult) {
    this.#server = server;
    this.ca = ca;
    this.#keys = keys;
    this.url = `https://localhost:${boundPort(server)}`;
  }

  static async start(dir: string): Promise<LocalIssuer> {
    const tls = await webcrypto.subtle.generateKey(P256, true, ["sign", "verify"]);
    const certificate = await X509CertificateGenerator.createSelfSigned(
      {
        serialNumber: `01${randomBytes(8).toString("hex")}`,
        name: "CN=localhost",
        notBefore: new Date(Date.now() - DAY_MS),
        notAfter: new Date(Date.now() + DAY_MS),
        signingAlgorithm: P256,
        keys: tls,
        extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }])],
      },
      webcrypto,
    );
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", tls.privateKey)).toString("base64");
    const key = `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`;
    const cert = certificate.toString("pem");
    const ca = join(dir, "issuer.pem");
    writeFileSync(ca, cert);
    const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwks = { keys: [{ ...keys.publicKey.export({ format: "jwk" }), kid: KID, use: "sig", alg: "ES256" }] };
    const server = createServer({ key, cert }, (request, answer) => {
      const { url } = issuer;
      const known: Record<string, object> = {
        "/.well-known/openid-configuration": { issuer: url, jwks_uri: `${url}/jwks` },
        "/jwks": jwks,
      };
      const found = known[request.url ?? ""];
      answer.writeHead(found === undefined ? 404 : 200).end(JSON.stringify(found ?? {}));
    });
    server.listen(0, "localhost");
    await once(server, "listening");
    const issuer = new LocalIssuer(server, ca, keys);
    return issuer;
  }

  /** @param claims beside and instead of what every token here says */
  token(claims: object): string {
    const now = Math.floor(Date.now() / 1000);
    const body = { iss: this.url, aud: "bootseed", iat: now, nbf: now, exp: now + 300, ...claims };
    const text = [{ alg: "ES256", kid: KID }, body]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const { privateKey: key } = this.#keys;
    return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
