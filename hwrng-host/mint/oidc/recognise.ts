/** CI jobs by their OIDC token: issuer and audience from the config, the first rule whose `sub` matches says what it may. */
import type { OidcIssuer } from "../../config/oidc.ts";
import type { Caller } from "../caller.ts";
import { globMatches } from "../glob.ts";
import type { RecogniseJwt } from "../recognise.ts";
import { type GetJson, IssuerKeys } from "./issuer-keys.ts";
import { claimedIssuer, refused, verifyJwt } from "./jwt.ts";

/**
 * @param getterFor fetches from this issuer
 * @param now seconds since 1970
 */
export function recogniseOidc(
  issuers: readonly OidcIssuer[],
  getterFor: (issuer: OidcIssuer) => GetJson,
  now: () => number,
): RecogniseJwt {
  const known = issuers.map((issuer) => ({ issuer, keys: new IssuerKeys(issuer.issuer, getterFor(issuer), now) }));
  return async (token) => {
    const iss = claimedIssuer(token);
    const from = known.find(({ issuer }) => issuer.issuer === iss);
    if (from === undefined) throw refused(`this host takes none of the issuer ${JSON.stringify(iss)}`);
    const { issuer, rules } = from.issuer;
    const sub = await verifyJwt(token, from.keys.keyOf, from.issuer, now());
    const rule = rules.find((each) => globMatches(each.sub, sub));
    if (rule === undefined) throw refused(`no rule of this host is for the sub ${sub}`);
    const { name, role, stacks, quota } = rule;
    const caller: Caller = {
      name: `${name} (${sub})`,
      // Of one job: another one of the same rule does not commit its seeds.
      id: `oidc:${issuer} ${sub}`,
      // Of the rule: a branch more is no quota more.
      account: `oidc:${name}`,
      role,
      stacks,
      quotaPerHour: quota ?? null,
    };
    return caller;
  };
}
