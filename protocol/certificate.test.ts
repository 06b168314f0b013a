import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encodeCertificate, instanceIdHash, parseCertificate, verifyCertificate } from "./certificate.ts";
import * as ex from "./testing/example.ts";
import { survivors } from "./testing/mutations.ts";
import { patched, refusal } from "./testing/refusal.ts";

const accept = (bytes: Uint8Array): void => verifyCertificate(parseCertificate(bytes), ex.packetKey.publicKey);

describe("certificate", () => {
  it("has 165 bytes and comes back as it went in", () => {
    expect(ex.certificate).toHaveLength(165);
    expect(parseCertificate(ex.certificate)).toMatchObject({
      hostId: ex.hostId,
      seedId: ex.seedId,
      identityPk: ex.identity.publicKey,
      instanceIdHash: Uint8Array.from(createHash("sha256").update(ex.instanceId).digest()),
      issuedAt: ex.now,
      statementSerial: 1,
    });
    accept(ex.certificate);
  });

  it("is refused with any bit flipped, cut anywhere, or longer", () => {
    expect(survivors(ex.certificate, accept)).toEqual([]);
  });

  it("refuses a signature by another key, and an identity of small order", () => {
    const fields = parseCertificate(ex.certificate);
    expect(refusal(() => accept(encodeCertificate(fields, ex.signRoot)))).toBe("bad-signature");
    const small = patched(ex.certificate, 25, ...new Uint8Array(32));
    expect(refusal(() => parseCertificate(small))).toBe("small-order-key");
  });

  it("cannot be passed off as a statement's or a hello's signature: its label is its own", () => {
    const fields = parseCertificate(ex.certificate);
    const unlabelled = encodeCertificate(fields, (message) =>
      ex.signPacket(message.subarray("bootseed v1 enrolment\0".length)),
    );
    expect(refusal(() => accept(unlabelled))).toBe("bad-signature");
  });

  it("holds an instance-id of any length as 32 bytes", () => {
    expect(instanceIdHash("")).toHaveLength(32);
    expect(instanceIdHash("a".repeat(255))).toHaveLength(32);
  });
});
