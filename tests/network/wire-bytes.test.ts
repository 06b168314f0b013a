/** What counts on a wire: bytes that a program sent, not what TCP sends by its own timers. */
import { expect, it } from "vitest";
import { firstTransmissions, type Packet } from "./wire-bytes.ts";

const packet = (flow: string, sequence: number, payload: number, more: Partial<Packet> = {}): Packet => ({
  bytes: payload + 52,
  payload,
  syn: false,
  fin: false,
  sequence,
  flow,
  ...more,
});

it("firstTransmissions counts SYN, FIN and data of each direction once", () => {
  const open = packet("a", 100, 0, { syn: true });
  const answer = packet("b", 500, 0, { syn: true });
  const [data, more] = [packet("a", 101, 26), packet("a", 127, 1160)];
  const close = packet("a", 1287, 0, { fin: true });
  const sent = [open, answer, data, more, close];
  const acknowledgement = packet("b", 501, 0, { bytes: 64 });
  const repeated = [open, open, answer, acknowledgement, data, data, more, packet("a", 101, 1186), close, close];
  expect(firstTransmissions(repeated)).toEqual(sent);
});

it("firstTransmissions goes on where sequence numbers start again at 0", () => {
  const before = packet("a", 2 ** 32 - 10, 20);
  const after = packet("a", 10, 5);
  expect(firstTransmissions([before, after, before, after])).toEqual([before, after]);
});

it("firstTransmissions counts another message of the same length", () => {
  expect(firstTransmissions([packet("a", 1, 44), packet("a", 45, 44)])).toHaveLength(2);
});
