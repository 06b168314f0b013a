/** JSON Web Tokens of a CI system, verified by jose: which of them this host takes, and what it says of the others. */
import { decodeJwt, errors, jwtVerify, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { HostError, messageOf } from "../../host-error.ts";
import { Unauthorized } from "../caller.ts";

/** Public keys only: HMAC with a public key as its secret is not among them. The key must be of the algorithm's own kind (RFC 8725, 3.1). */
const ALGORITHMS = ["RS256", "ES256"];
/** Clocks of two machines differ, seconds. */
const LEEWAY = 30;
/** CI tokens live for minutes; one from yesterday is not one of them. */
const MAX_AGE = 86_400;

const subject = z
  .string()
  .max(255)
  .regex(/^[\u0021-\u007e]+$/);

/** @returns what the token says of its issuer, to know whose keys to ask for: nothing of it is believed @throws Unauthorized */
export function claimedIssuer(token: string): string {
  try {
    return String(decodeJwt(token).iss);
  } catch (error) {
    throw refused(messageOf(error));
  }
}

/**
 * @param keyOf the issuer's key; its HostErrors pass through
 * @param now seconds since 1970
 * @returns the subject
 * @throws Unauthorized
 */
export async function verifyJwt(
  token: string,
  keyOf: JWTVerifyGetKey,
  { issuer, audience }: { issuer: string; audience: string },
  now: number,
): Promise<string> {
  try {
    const { payload } = await jwtVerify(token, keyOf, {
      algorithms: ALGORITHMS,
      issuer,
      audience,
      currentDate: new Date(now * 1000),
      clockTolerance: LEEWAY,
      maxTokenAge: MAX_AGE,
      requiredClaims: ["exp", "sub"],
    });
    return subject.parse(payload.sub);
  } catch (error) {
    throw error instanceof HostError ? error : refused(reasonOf(error, audience));
  }
}

function reasonOf(error: unknown, audience: string): string {
  if (error instanceof z.ZodError) return '"sub" is not 1 to 255 printable characters';
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "aud")
    return `${error.message}: expected ${audience}`;
  return messageOf(error);
}

/** The reason, and never the token: the log has it too. */
export const refused = (why: string): Unauthorized =>
  new Unauthorized(`the JWT is refused: ${why}`, "compare the CI job's token with `oidc:` in the host's config");
