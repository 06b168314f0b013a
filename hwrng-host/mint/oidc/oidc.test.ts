import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { OidcIssuer } from "../../config/oidc.ts";
import type { Caller } from "../caller.ts";
import { recogniseOidc } from "./recognise.ts";

const ISSUER = "https://ci.example";
const NOW = 1_795_262_400;
const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
const EC = generateKeyPairSync("ec", { namedCurve: "P-256" });
const P384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const SHORT = generateKeyPairSync("rsa", { modulusLength: 1024 });
const STRANGER = generateKeyPairSync("ec", { namedCurve: "P-256" });

const jwk = ({ publicKey }: { publicKey: KeyObject }, kid: string, more: object = {}): object => ({
  ...publicKey.export({ format: "jwk" }),
  kid,
  ...more,
});

const KEYS = [
  jwk(RSA, "rsa", { alg: "RS256", use: "sig" }),
  jwk(EC, "ec"),
  jwk(P384, "p384"),
  jwk(SHORT, "short"),
  jwk(EC, "enc", { use: "enc" }),
  jwk(RSA, "rs512", { alg: "RS512" }),
  { kty: "oct", kid: "oct", k: "AAAA" },
  { kty: "EC", kid: "broken", crv: "P-256", x: "AA", y: "AA" },
];
const CONFIG: OidcIssuer = {
  issuer: ISSUER,
  audience: "bootseed",
  rules: [
    { name: "main", sub: "repo:acme/infra:ref:refs/heads/main", role: "mint", stacks: ["acme/*/prod"], quota: 9 },
    { name: "rest", sub: "repo:acme/**", role: "read", stacks: ["acme/**"] },
  ],
};
const CLAIMS = {
  iss: ISSUER,
  sub: "repo:acme/infra:ref:refs/heads/main",
  aud: "bootseed",
  iat: NOW,
  nbf: NOW,
  exp: NOW + 300,
};

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(claims: object = {}, header: object = {}, key: KeyObject = EC.privateKey): string {
  const text = `${part({ alg: "ES256", kid: "ec", typ: "JWT", ...header })}.${part({ ...CLAIMS, ...claims })}`;
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

/** A mock of the issuer's two documents, its clock in the test's hands. */
class Issuer {
  now = NOW;
  keys: object[] = KEYS;
  document: unknown = { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` };
  down = false;
  readonly asked: string[] = [];
  readonly recognise: (token: string) => Promise<Caller> = recogniseOidc(
    [CONFIG],
    () => async (url) => {
      this.asked.push(url.pathname);
      if (this.down) throw new Error("connect ECONNREFUSED");
      return url.pathname === "/keys" ? { keys: this.keys } : this.document;
    },
    () => this.now,
  );
}

const refusal = async (text: string, issuer: Issuer = new Issuer()): Promise<string> =>
  issuer.recognise(text).then(
    () => "taken",
    (error: unknown) => (error as Error).message,
  );

describe("a token that is taken", () => {
  it("says by its sub what it may; the account is the rule's, the identity the job's", async () => {
    expect(await new Issuer().recognise(token())).toEqual({
      name: "main (repo:acme/infra:ref:refs/heads/main)",
      id: `oidc:${ISSUER} repo:acme/infra:ref:refs/heads/main`,
      account: "oidc:main",
      role: "mint",
      stacks: ["acme/*/prod"],
      quotaPerHour: 9,
    });
    const branch = { sub: "repo:acme/infra:ref:refs/heads/x", aud: ["other", "bootseed"] };
    expect(await new Issuer().recognise(token(branch))).toMatchObject({ account: "oidc:rest", role: "read" });
  });
  it.each([
    ["RS256", token({}, { alg: "RS256", kid: "rsa" }, RSA.privateKey)],
    ["a clock 29 s behind", token({ iat: NOW + 29, nbf: NOW + 29 })],
    ["a clock 29 s ahead", token({ exp: NOW - 29, iat: NOW - 300 })],
  ])("%s", async (_, text) => expect(await refusal(text)).toBe("taken"));
});

describe("a token that is refused", () => {
  const rsaPem = RSA.publicKey.export({ format: "pem", type: "spki" });
  const hmac = (): string => {
    const text = `${part({ alg: "HS256", kid: "rsa" })}.${part(CLAIMS)}`;
    return `${text}.${createHmac("sha256", rsaPem).update(text).digest("base64url")}`;
  };
  const [head = "", body = "", signature = ""] = token().split(".");
  const der = (): string => {
    const text = `${head}.${body}`;
    return `${text}.${sign("sha256", Buffer.from(text), EC.privateKey).toString("base64url")}`;
  };
  it.each([
    ["without signature", `${part({ alg: "none", kid: "ec" })}.${part(CLAIMS)}.`, /"alg" .* not allowed/],
    ["alg none, any case", `${part({ alg: "nOnE", kid: "ec" })}.${part(CLAIMS)}.AA`, /"alg" .* not allowed/],
    ["the public key as HMAC secret", hmac(), /"alg" .* not allowed/],
    ["RS256 with an EC key", token({}, { alg: "RS256", kid: "ec" }), /no applicable key/],
    ["ES256 with an RSA key", token({}, { kid: "rsa" }), /no applicable key/],
    ["a symmetric key of the issuer", token({}, { kid: "oct" }), /no applicable key/],
    ["a key for RS512", token({}, { alg: "RS256", kid: "rs512" }, RSA.privateKey), /no applicable key/],
    ["a key for encryption", token({}, { kid: "enc" }), /no applicable key/],
    ["a key on P-384", token({}, { kid: "p384" }, P384.privateKey), /no applicable key/],
    ["a short key", token({}, { alg: "RS256", kid: "short" }, SHORT.privateKey), /2048 bits or larger/],
    ["a key that is none", token({}, { kid: "broken" }), /Invalid keyData/],
    ["PS256", token({}, { alg: "PS256", kid: "rsa" }), /"alg" .* not allowed/],
    ["no kid", token({}, { kid: undefined }), /does not name its key/],
    ["crit", token({}, { crit: ["b64"], b64: false }), /MUST NOT use/],
    [
      "its own key in the header",
      token({}, { kid: "x", jwk: jwk(STRANGER, "x") }, STRANGER.privateKey),
      /none that the issuer/,
    ],
    ["a stranger's signature", token({}, {}, STRANGER.privateKey), /signature verification failed/],
    ["a signature in DER", der(), /signature verification failed/],
    [
      "another body",
      `${head}.${part({ ...CLAIMS, sub: "repo:acme/x" })}.${signature}`,
      /signature verification failed/,
    ],
    ["a signature of another text", `${head}.${body}.${signature}=`, /base64url/],
    ["four parts", `${token()}.x`, /Invalid JWT/],
    ["another issuer", token({ iss: "https://evil.example" }), /none of the issuer "https:\/\/evil/],
    ["another audience", token({ aud: "sts.amazonaws.com" }), /unexpected "aud" .*expected bootseed/],
    ["no audience", token({ aud: [] }), /unexpected "aud"/],
    ["expired", token({ exp: NOW - 30 }), /"exp" claim timestamp/],
    ["no exp", token({ exp: undefined }), /missing required "exp"/],
    ["exp as text", token({ exp: String(NOW + 300) }), /"exp" claim must be a number/],
    ["no iat", token({ iat: undefined }), /missing required "iat"/],
    ["issued in the future", token({ iat: NOW + 31 }), /should be in the past/],
    ["not yet valid", token({ nbf: NOW + 31 }), /"nbf" claim timestamp/],
    ["older than a day", token({ iat: NOW - 86_431, nbf: NOW - 86_431 }), /too far in the past/],
    ["no sub", token({ sub: undefined }), /missing required "sub"/],
    ["a sub of nobody's", token({ sub: "repo:acme-evil/infra:ref:refs/heads/main" }), /no rule of this host/],
    ["a sub with a space", token({ sub: "repo:acme/x y" }), /"sub" is not/],
    ["no JSON", `${Buffer.from("x").toString("base64url")}.${body}.${signature}`, /Invalid|Header/],
  ])("%s", async (_, text, why) => {
    const said = await refusal(text);
    expect(said).toMatch(why);
    expect(said).not.toContain(signature);
  });
});

describe("the issuer's keys", () => {
  it("are fetched once, again after an hour, and for an unknown key at most once a minute", async () => {
    const issuer = new Issuer();
    await Promise.all([issuer.recognise(token()), issuer.recognise(token())]);
    await issuer.recognise(token());
    expect(issuer.asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
    for (let i = 0; i < 20; i++) await refusal(token({}, { kid: `new-${i}` }), issuer);
    expect(issuer.asked.length).toBe(2);
    issuer.now += 60;
    issuer.keys = [jwk(STRANGER, "next")];
    const after = { iat: issuer.now, exp: issuer.now + 300 };
    expect(await refusal(token(after, { kid: "next" }, STRANGER.privateKey), issuer)).toBe("taken");
    expect(await refusal(token(after), issuer)).toMatch(/none that the issuer publishes/);
    expect(issuer.asked.length).toBe(4);
    issuer.now += 3600;
    const later = { iat: issuer.now, exp: issuer.now + 300 };
    expect(await refusal(token(later, { kid: "next" }, STRANGER.privateKey), issuer)).toBe("taken");
    expect(issuer.asked.length).toBe(6);
  });

  it.each([
    ["that calls itself otherwise", { document: { issuer: "https://x", jwks_uri: `${ISSUER}/keys` } }, /calls itself/],
    ["whose keys come without TLS", { document: { issuer: ISSUER, jwks_uri: "http://ci.example/keys" } }, /not https/],
    ["that answers something else", { document: [] }, /not what OIDC says/],
    ["that is down", { down: true }, /ECONNREFUSED/],
  ])("of one %s: 503, not 401", async (_, change, why) => {
    const issuer = Object.assign(new Issuer(), change);
    await expect(issuer.recognise(token())).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(why),
    });
  });

  it("stay in use while the issuer is down, for an hour", async () => {
    const issuer = new Issuer();
    await issuer.recognise(token());
    issuer.down = true;
    expect(await refusal(token(), issuer)).toBe("taken");
    issuer.now += 3600;
    expect(await refusal(token({ iat: issuer.now, exp: issuer.now + 9 }), issuer)).toMatch(/cannot be asked/);
  });
});
