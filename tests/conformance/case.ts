/** One delivery as a conformance test describes it: what the guest starts from, what the host says, what must come of it. */
import { encodePacketAnswer } from "../../protocol/transport.ts";
import * as ex from "../../protocol/testing/example.ts";

export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

export interface Case {
  readonly name: string;
  /** `accepted`, or the code of the refusal; `refused`: whichever code, but the same in both guests. */
  readonly expected: string;
  /** Counter file before, 0 for none. */
  readonly counter?: number;
  /** Statement before; by default the one with serial 1. */
  readonly statement?: Uint8Array;
  /** Files of the host's folder before, null for one that is not there; by default what an enrolment leaves. */
  readonly files?: Readonly<Record<string, Uint8Array | null>>;
  /** The host's answers in order; what the guest asks after them is not answered. */
  readonly answers: readonly Answer[];
}

/** The receipt was taken. */
const NO_CONTENT: Answer = { status: 204, body: new Uint8Array(0) };

/** 200 with this body, and the receipt is taken. */
export const says = (body: Uint8Array): readonly Answer[] => [{ status: 200, body }, NO_CONTENT];

/** A packet answer without statements, or with them. */
export const answered = (packet: Uint8Array, ...statements: Uint8Array[]): readonly Answer[] =>
  says(encodePacketAnswer({ statements, packet }));

/** The delivery that must be taken: the host's own packet to the guest's own hello. */
export const good: Case = { name: "the host's own packet", expected: "accepted", answers: answered(ex.sealed.bytes) };
