import { describe, expect, it } from "vitest";
import { concat } from "./bytes.ts";
import { encodeGreeting, frame, FrameReader, parseGreeting } from "./tcp.ts";
import * as ex from "./testing/example.ts";
import { truncations } from "./testing/mutations.ts";
import { refusal } from "./testing/refusal.ts";

const messages = [ex.hello, new Uint8Array(0), ex.sealed.bytes, ex.receipt];
const stream = concat(...messages.map(frame));

describe("greeting", () => {
  const greeting = { hostId: ex.hostId, nonce: ex.example("nonce", 16) };
  it("comes back as it went in, and nothing else does", () => {
    const bytes = encodeGreeting(greeting);
    expect(parseGreeting(bytes)).toEqual(greeting);
    for (const { bytes: cut } of truncations(bytes)) expect(refusal(() => parseGreeting(cut))).toBe("malformed");
  });
  it("is not encoded with other lengths", () => {
    expect(() => encodeGreeting({ ...greeting, nonce: new Uint8Array(15) })).toThrow(RangeError);
  });
});

describe("FrameReader", () => {
  it.each([1, 2, 3, 7, 100, stream.length])("gives whole messages of a stream in pieces of %i bytes", (size) => {
    const reader = new FrameReader(4096);
    const got: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) got.push(...reader.push(stream.slice(at, at + size)));
    expect(got).toEqual(messages);
  });
  it("refuses a frame by its length, before its first byte", () => {
    const reader = new FrameReader(100);
    expect(reader.push(frame(new Uint8Array(100)))).toHaveLength(1);
    expect(reader.push(Uint8Array.of(0))).toEqual([]);
    expect(refusal(() => reader.push(Uint8Array.of(101)))).toBe("too-long");
  });
});
