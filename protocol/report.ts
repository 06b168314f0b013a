/**
 * The report: as soon as its SSH host keys exist, the VM tells the host, signed by the identity that the claim enrolled
 * and by each host key.
 *
 *     report = u32 length ‖ JSON ‖ lp(sig) ‖ n ‖ n × lp(sig)          at most 16 KiB
 *
 * Signatures are SSHSIG over exactly the JSON bytes: the identity in namespace `bootseed-report@v1`, each host key, in
 * the order of `hostKeys[]`, in `bootseed-host-key@v1`.
 */
import { concat, equalConstantTime, fromHex, lp, Reader, u32be, u8 } from "./bytes.ts";
import { BootseedError } from "./errors.ts";
import { checkEd25519 } from "./keys.ts";
import { MAX_HOST_KEYS, reportSchema, type Report } from "./report-json.ts";
import { ed25519SshKey, parseOpenSshLine } from "./ssh-key.ts";
import { verifySshsig } from "./sshsig.ts";

/** Longest report. */
export const MAX_REPORT_BYTES = 16_384;

/** SSHSIG namespace of the identity's signature. */
export const REPORT_NAMESPACE = "bootseed-report@v1";

/** SSHSIG namespace of each host key's signature. */
export const HOST_KEY_NAMESPACE = "bootseed-host-key@v1";

/** The parts of a report. */
export interface ReportParts {
  /** UTF-8, signed exactly as it is */
  readonly json: Uint8Array;
  /** SSHSIG blob, without armour */
  readonly identitySig: Uint8Array;
  /** SSHSIG blobs in the order of `hostKeys[]` */
  readonly hostKeySigs: readonly Uint8Array[];
}

/** A parsed report. */
export interface ParsedReport extends ReportParts {
  readonly report: Report;
}

/** @throws RangeError beyond 16 KiB or 8 host keys */
export function encodeReport({ json, identitySig, hostKeySigs }: ReportParts): Uint8Array {
  if (hostKeySigs.length > MAX_HOST_KEYS)
    throw new RangeError(`host keys: expected at most ${MAX_HOST_KEYS}, got ${hostKeySigs.length}`);
  const sigs = hostKeySigs.map((sig) => lp(sig));
  const bytes = concat(u32be(json.length), json, lp(identitySig), u8(hostKeySigs.length), ...sigs);
  if (bytes.length > MAX_REPORT_BYTES)
    throw new RangeError(`report: expected at most ${MAX_REPORT_BYTES} bytes, got ${bytes.length}`);
  return bytes;
}

/**
 * Reads a report; trust comes from `verifyReport`.
 *
 * @throws BootseedError "too-long", "malformed" (shape, JSON, or a number of signatures that is not the number of keys)
 */
export function parseReport(bytes: Uint8Array): ParsedReport {
  if (bytes.length > MAX_REPORT_BYTES)
    throw new BootseedError("too-long", `report: expected at most ${MAX_REPORT_BYTES} bytes, got ${bytes.length}`);
  const reader = new Reader(bytes, "report");
  const json = reader.take(reader.u32("length of JSON"), "JSON");
  const identitySig = reader.lp("identity's signature");
  const count = reader.u8("number of host keys");
  if (count > MAX_HOST_KEYS) reader.refuse(`host keys: expected at most ${MAX_HOST_KEYS}, got ${count}`);
  const hostKeySigs = Array.from({ length: count }, () => reader.lp("host key's signature"));
  reader.end();
  const report = readJson(json);
  if (report.hostKeys.length !== count) reader.refuse(`${report.hostKeys.length} host keys but ${count} signatures`);
  return { json, report, identitySig, hostKeySigs };
}

/**
 * Verifies every signature of a report.
 *
 * @param identityPk - Ed25519, 32 bytes: the identity that the claim enrolled for the report's seedId
 * @throws BootseedError "mismatch" (another identity, key or namespace), "bad-signature", "malformed", "unsupported",
 * "small-order-key"
 */
export function verifyReport(parsed: ParsedReport, identityPk: Uint8Array): void {
  checkEd25519(identityPk, "report: identityPk");
  if (!equalConstantTime(fromHex(parsed.report.identityPk, 32), identityPk))
    throw new BootseedError("mismatch", "report: made by another identity than the one that claimed this seed");
  verifySshsig(parsed.identitySig, parsed.json, REPORT_NAMESPACE, ed25519SshKey(identityPk));
  for (const [index, line] of parsed.report.hostKeys.entries()) {
    const signature = parsed.hostKeySigs[index] ?? new Uint8Array(0);
    verifySshsig(signature, parsed.json, HOST_KEY_NAMESPACE, parseOpenSshLine(line));
  }
}

function readJson(json: Uint8Array): Report {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json));
  } catch (cause) {
    throw new BootseedError("malformed", "report: its JSON does not parse", { cause });
  }
  const result = reportSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new BootseedError("malformed", `report: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a report"}`);
}
