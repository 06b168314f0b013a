/** `oidc:` of the config: whose CI jobs may mint without a token of this host. */
import { z } from "zod";
import { whole } from "./numbers.ts";
import { globProblem } from "../mint/glob.ts";
import { stackGlobs } from "../mint/stack-globs.ts";

export type OidcRule = {
  /** For logs, and whose quota it is; used once in the file. */
  name: string;
  /** Glob over the token's subject; * is a whole segment between / and :. */
  sub: string;
  role: "mint" | "read";
  stacks: string[];
  /** Seeds per hour. */
  quota?: number | undefined;
};

export type OidcIssuer = {
  /** Exactly as `iss` says it. */
  issuer: string;
  audience: string;
  /** PEM file of the authority that signed the issuer's certificate, if it is a private one. */
  ca?: string | undefined;
  rules: OidcRule[];
};

const glob = z.string().superRefine((pattern, context) => {
  const problem = globProblem(pattern);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

const rule = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/, "expected 1 to 63 letters, digits, dots and dashes"),
  sub: glob,
  role: z.enum(["mint", "read"], "expected mint or read: an admin has a token of this host").default("mint"),
  stacks: stackGlobs,
  quota: whole(1, 1_000_000, "seeds per hour").optional(),
});

const issuer = z.strictObject({
  issuer: z
    .string()
    .max(255)
    .regex(/^https:\/\/[A-Za-z0-9.[\]:-]+(?:\/[!-~]*)?$/, "expected https://…"),
  audience: z.string().min(1, "expected an audience").max(255),
  ca: z.string().min(1, "expected a path").optional(),
  rules: z.array(rule).min(1, "expected at least one rule").max(64, "expected at most 64 rules"),
});

export const oidcSchema: z.ZodType<OidcIssuer[]> = z
  .array(issuer)
  .max(8, "expected at most 8 issuers")
  .superRefine((issuers, context) => {
    const seen = new Set<string>();
    const once = (text: string, at: PropertyKey[]): void => {
      if (seen.has(text)) context.addIssue({ code: "custom", path: at, message: `${text} is there twice` });
      seen.add(text);
    };
    for (const [i, each] of issuers.entries()) {
      once(each.issuer, [i, "issuer"]);
      for (const [j, { name }] of each.rules.entries()) once(name, [i, "rules", j, "name"]);
    }
  });

/** Known keys inside `oidc`. */
export const oidcKeys = (at: readonly PropertyKey[]): readonly string[] =>
  at.includes("rules") ? ["name", "sub", "role", "stacks", "quota"] : ["issuer", "audience", "ca", "rules"];
