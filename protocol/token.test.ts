import { describe, expect, it } from "vitest";
import * as ex from "./testing/example.ts";
import { bitFlips, truncations } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";
import { encodeToken, verifyToken, type TokenFields } from "./token.ts";

const { kToken } = ex.keys;
const fields: TokenFields = {
  expiry: ex.now + 86_400,
  client: "local",
  stack: "acme/web/prod",
  urn: "urn:pulumi:prod::web::digitalocean:index/droplet:Droplet::web-7",
  sourceClass: "physical-conditioned",
};
const token = encodeToken(fields, ex.seedId, kToken);
const verify = (text: string, now = ex.now): TokenFields => verifyToken(text, ex.seedId, kToken, now);

describe("reservation token", () => {
  it("comes back as it went in, in each class", () => {
    for (const sourceClass of ["chained", "physical-conditioned", "physical-raw"] as const)
      expect(verify(encodeToken({ ...fields, sourceClass }, ex.seedId, kToken))).toEqual({ ...fields, sourceClass });
  });

  it("is refused with any bit flipped, cut anywhere, or longer", () => {
    const bytes = Uint8Array.from(Buffer.from(token, "base64url"));
    for (const { what, bytes: damaged } of [...bitFlips(bytes), ...truncations(bytes)])
      expect(
        refusal(() => verify(Buffer.from(damaged).toString("base64url"))),
        what,
      ).toBe("bad-token");
  });

  it("has one text only", () => {
    for (const other of [`${token}=`, `${token} `, ` ${token}`, `${token}\n`, token.replace("-", "+"), "", "."])
      if (other !== token)
        expect(
          refusal(() => verify(other)),
          other,
        ).toBe("bad-token");
  });

  it("belongs to one seed and one host", () => {
    const other = ex.example("other", 32);
    expect(refusal(() => verifyToken(token, other.slice(0, 16), kToken, ex.now))).toBe("bad-token");
    expect(refusal(() => verifyToken(token, ex.seedId, other, ex.now))).toBe("bad-token");
  });

  it("ends at its expiry", () => {
    expect(verify(token, fields.expiry - 1)).toEqual(fields);
    expect(refusal(() => verify(token, fields.expiry))).toBe("expired");
  });
});
