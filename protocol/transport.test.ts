import { describe, expect, it } from "vitest";
import { concat, lp, u8 } from "./bytes.ts";
import * as ex from "./testing/example.ts";
import { truncations } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";
import * as t from "./transport.ts";

describe("bodies of the pull transport", () => {
  it.each([
    { hello: ex.hello, statements: [] },
    { hello: ex.hello, certificate: ex.certificate, statements: [ex.statement] },
  ])("packet request %# comes back as it went in", (request) => {
    expect(t.parsePacketRequest(t.encodePacketRequest(request))).toEqual(request);
  });

  it("packet answer and receipt request come back as they went in", () => {
    const answer = { statements: [ex.statement, ex.statement], packet: ex.sealed.bytes };
    expect(t.parsePacketAnswer(t.encodePacketAnswer(answer))).toEqual(answer);
    const receipt = { seedId: ex.seedId, receipt: ex.receipt };
    expect(t.encodeReceiptRequest(receipt)).toHaveLength(58);
    expect(t.parseReceiptRequest(t.encodeReceiptRequest(receipt))).toEqual(receipt);
  });

  it.each([
    [
      "packet request",
      t.parsePacketRequest,
      t.encodePacketRequest({ hello: ex.hello, certificate: ex.certificate, statements: [ex.statement] }),
    ],
    [
      "packet answer",
      t.parsePacketAnswer,
      t.encodePacketAnswer({ statements: [ex.statement], packet: ex.sealed.bytes }),
    ],
    ["receipt request", t.parseReceiptRequest, t.encodeReceiptRequest({ seedId: ex.seedId, receipt: ex.receipt })],
  ])("%s is refused cut anywhere, or longer", (_, parse, bytes) => {
    for (const { what, bytes: damaged } of truncations(bytes))
      expect(
        refusal(() => parse(damaged)),
        what,
      ).toBe("malformed");
  });

  it("refuse a certificate of another length, and more than 32 statements", () => {
    expect(refusal(() => t.parsePacketRequest(concat(ex.hello, lp(new Uint8Array(164)), u8(0))))).toBe("malformed");
    expect(refusal(() => t.parsePacketAnswer(concat(u8(33), new Uint8Array(66), lp(ex.sealed.bytes))))).toBe(
      "malformed",
    );
    const statements = Array.from({ length: 33 }, () => ex.statement);
    expect(() => t.encodePacketAnswer({ statements, packet: ex.sealed.bytes })).toThrow(RangeError);
    expect(() => t.encodePacketRequest({ hello: ex.hello.slice(1), statements: [] })).toThrow(RangeError);
  });
});
