import { createHash } from "node:crypto";

/** `none`: no seed; `control`: the shipped modules with only the forced reseed replaced; `shipped`: as they ship. */
type CausalCase = "none" | "control" | "shipped";

/** What one boot showed. */
export interface CausalRow {
  readonly case: CausalCase;
  /** which seed file the VM was given */
  readonly seed: "none" | "A" | "B";
  /** OpenSSH fingerprint of the ed25519 host key that the VM made: `SHA256:` and base64 without padding */
  readonly hostKey: string;
  /** the kit's own evidence: RNDADDENTROPY returned 0 */
  readonly mixed: boolean;
  /** the kit's own evidence: RNDRESEEDCRNG was called and returned 0 */
  readonly reseeded: boolean;
}

/**
 * Reads what init.c and run.py print.
 *
 * @throws Error when a program in the VM failed or there is no host key
 */
export function readConsole(text: string): Pick<CausalRow, "hostKey" | "mixed" | "reseeded"> {
  const failed = /^CAUSAL failed .*$/m.exec(text)?.[0];
  const key = /^CAUSAL hostkey ssh-ed25519 ([A-Za-z0-9+/=]+)/m.exec(text)?.[1];
  if (failed !== undefined || key === undefined) {
    throw new Error(
      `${failed ?? "the mini VM made no host key"}; its console:\n${text.trim().split("\n").slice(-20).join("\n")}`,
    );
  }
  const digest = createHash("sha256").update(Buffer.from(key, "base64")).digest("base64").replace(/=+$/, "");
  const evidence = /^CAUSAL evidence (\{.*\})$/m.exec(text)?.[1];
  const codes = (evidence === undefined ? {} : JSON.parse(evidence)) as { rcMix?: number; rcReseed?: number | null };
  return { hostKey: `SHA256:${digest}`, mixed: codes.rcMix === 0, reseeded: codes.rcReseed === 0 };
}
