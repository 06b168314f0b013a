/** The keys an issuer publishes (OpenID Connect Discovery 1.0; RFC 7517): fetched when they are needed, and kept. */
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { EXIT, HostError, messageOf } from "../../host-error.ts";
import { refused } from "./jwt.ts";

/** Fetches JSON over https. @throws Error when there is none */
export type GetJson = (url: URL) => Promise<unknown>;

/** A key that the issuer withdrew is used for this long, seconds. */
const KEEP = 3600;
/** Unknown key ids come from anybody: no more than one question to the issuer in this time, seconds. */
const AT_MOST_EVERY = 60;
const MAX_KEYS = 64;

const discovery = z.object({ issuer: z.string(), jwks_uri: z.string() });
const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(MAX_KEYS) });

export class IssuerKeys {
  readonly #issuer: string;
  readonly #getJson: GetJson;
  readonly #now: () => number;
  #keys: JSONWebKeySet = { keys: [] };
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #failure: string | null = null;
  #fetching: Promise<void> | null = null;

  /** @param now seconds, monotonic or not: only differences count */
  constructor(issuer: string, getJson: GetJson, now: () => number) {
    this.#issuer = issuer;
    this.#getJson = getJson;
    this.#now = now;
  }

  /** For jose. Throws Unauthorized for a key that the issuer does not publish; HostError "unavailable" when it cannot be asked. */
  readonly keyOf: JWTVerifyGetKey = async (header, token) => {
    const { kid } = header;
    if (kid === undefined) throw refused("it does not name its key (kid)");
    if (!this.#has(kid)) await this.#ask();
    if (this.#has(kid)) return createLocalJWKSet(this.#keys)(header, token);
    if (this.#failure === null) throw refused("its key is none that the issuer publishes");
    const message = `the OIDC issuer ${this.#issuer} cannot be asked for its keys: ${this.#failure}`;
    const fix = "let the host reach it over https, or correct `oidc:`";
    throw new HostError("unavailable", message, fix, EXIT.unavailable);
  };

  #has(kid: string): boolean {
    const age = this.#now() - this.#fetchedAt;
    return age >= 0 && age < KEEP && this.#keys.keys.some((key) => key.kid === kid);
  }

  async #ask(): Promise<void> {
    const waited = this.#now() - this.#triedAt;
    if (this.#fetching !== null || waited >= AT_MOST_EVERY || waited < 0) await (this.#fetching ??= this.#fetch());
  }

  async #fetch(): Promise<void> {
    this.#triedAt = this.#now();
    try {
      const at = new URL(`${this.#issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
      const { issuer, jwks_uri: uri } = discovery.parse(await this.#getJson(at));
      if (issuer !== this.#issuer) throw new Error(`it calls itself ${JSON.stringify(issuer)}`);
      const from = new URL(uri);
      if (from.protocol !== "https:") throw new Error("its jwks_uri is not https");
      this.#keys = jwks.parse(await this.#getJson(from));
      this.#fetchedAt = this.#now();
      this.#failure = null;
    } catch (error) {
      this.#failure = error instanceof z.ZodError ? "its answer is not what OIDC says" : messageOf(error);
    } finally {
      this.#fetching = null;
    }
  }
}
