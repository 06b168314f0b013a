import { describe, expect, it } from "vitest";
import { utf8 } from "./bytes.ts";
import {
  encodeReport,
  HOST_KEY_NAMESPACE,
  MAX_REPORT_BYTES,
  parseReport,
  REPORT_NAMESPACE,
  verifyReport,
} from "./report.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";
import { signSshsig } from "./testing/sign-sshsig.ts";

const accept = (bytes: Uint8Array): void => verifyReport(parseReport(bytes), ex.identity.publicKey);
const json = (change: object): Uint8Array => utf8(JSON.stringify({ ...ex.reportJson, ...change }));
const jsonBytes = json({});
const identitySig = signSshsig(ex.identity, jsonBytes, REPORT_NAMESPACE);
const hostKeySig = signSshsig(ex.hostKey, jsonBytes, HOST_KEY_NAMESPACE);

describe("report", () => {
  it("comes back as it went in, its JSON byte for byte", () => {
    const parsed = parseReport(ex.report);
    expect(parsed.json).toEqual(jsonBytes);
    expect(parsed.report).toEqual(ex.reportJson);
    accept(ex.report);
  });

  it("is refused with any bit flipped, cut anywhere, or longer", { timeout: 240_000 }, () => {
    expect(survivors(ex.report, accept)).toEqual([]);
  });

  it.each([
    ["another identity", () => verifyReport(parseReport(ex.report), ex.root.publicKey), "mismatch"],
    ["an identity of small order", () => verifyReport(parseReport(ex.report), new Uint8Array(32)), "small-order-key"],
    ["signatures in each other's place", () => accept(ex.rawReport(jsonBytes, [hostKeySig, identitySig])), "mismatch"],
    [
      "the identity's signature as the host key's",
      () => accept(ex.rawReport(jsonBytes, [identitySig, identitySig])),
      "mismatch",
    ],
    [
      "a host key that signed in the report's namespace",
      () => accept(ex.rawReport(jsonBytes, [identitySig, signSshsig(ex.hostKey, jsonBytes, REPORT_NAMESPACE)])),
      "mismatch",
    ],
    [
      "a host key listed by somebody who does not hold it",
      () => accept(ex.rawReport(jsonBytes, [identitySig, signSshsig(ex.identity, jsonBytes, HOST_KEY_NAMESPACE)])),
      "mismatch",
    ],
    ["a signature missing", () => parseReport(ex.rawReport(jsonBytes, [identitySig])), "malformed"],
    [
      "a signature too many",
      () => parseReport(ex.rawReport(jsonBytes, [identitySig, hostKeySig, hostKeySig])),
      "malformed",
    ],
    ["over 16 KiB", () => parseReport(new Uint8Array(MAX_REPORT_BYTES + 1)), "too-long"],
    [
      "nine host keys",
      () =>
        parseReport(
          ex.rawReport(
            jsonBytes,
            Array.from({ length: 10 }, () => identitySig),
          ),
        ),
      "malformed",
    ],
  ])("refuses %s", (_, action, code) => {
    expect(refusal(action)).toBe(code);
  });

  it.each([
    ["an unknown field", { extra: 1 }],
    ["an unknown verdict", { verdict: "fine" }],
    ["a host key with a comment", { hostKeys: [`${ex.reportJson.hostKeys[0]} root@web`] }],
    ["a host key with a second line", { hostKeys: [`${ex.reportJson.hostKeys[0]}\nevil`] }],
    ["a seedId in upper case", { seedId: ex.reportJson.seedId.toUpperCase() }],
    ["a kernel with an escape sequence", { evidence: { ...ex.reportJson.evidence, kernel: "6.1\u001b[2J" } }],
    ["a return code that is no u8", { evidence: { ...ex.reportJson.evidence, rcMix: -1 } }],
    ["a boot_id that is no UUID", { bootId: "x" }],
    ["no evidence", { evidence: undefined }],
  ])("refuses %s, even rightly signed", (_, change) => {
    expect(refusal(() => parseReport(ex.signReport(json(change))))).toBe("malformed");
  });

  it("refuses JSON that is none", () => {
    for (const text of ["", "{", "null", "[]", `${JSON.stringify(ex.reportJson)}x`])
      expect(refusal(() => parseReport(ex.signReport(utf8(text))))).toBe("malformed");
    expect(refusal(() => parseReport(ex.signReport(Uint8Array.of(0x22, 0xff, 0x22))))).toBe("malformed");
  });

  it("may come without host keys, from an image that has no sshd", () => {
    const bytes = json({ hostKeys: [], verdict: "no-seed" });
    accept(
      encodeReport({ json: bytes, identitySig: signSshsig(ex.identity, bytes, REPORT_NAMESPACE), hostKeySigs: [] }),
    );
  });

  it("is never made longer than 16 KiB", () => {
    const parts = { json: new Uint8Array(MAX_REPORT_BYTES), identitySig, hostKeySigs: [] };
    expect(() => encodeReport(parts)).toThrow(RangeError);
  });
});
