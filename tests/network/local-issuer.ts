/** An OIDC issuer on this machine: discovery and keys over real TLS, tokens as a CI system signs them. */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyPairKeyObjectResult, sign } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { join } from "node:path";
import { boundPort } from "../../hwrng-host/server/bound-port.ts";

const KID = "local-1";

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
    const [ca, keyFile] = [join(dir, "issuer.pem"), join(dir, "issuer.key")];
    const wanted = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost";
    const names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", keyFile, "-out", ca];
    execFileSync("openssl", [...wanted.split(" "), ...names], { stdio: "pipe" });
    const [key, cert] = [readFileSync(keyFile), readFileSync(ca)];
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
