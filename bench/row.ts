/** One line of the result: what was measured, what it is compared with, and whether the goal is met. */

/** A goal: `least` or `most` of the value that `judged` names. */
export type Goal = { readonly text: string; readonly met: boolean };

export type Row = {
  /** what was measured, e.g. "packet: seal" */
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** the other side of the same run */
  readonly against?: { readonly what: string; readonly value: number };
  /** value ÷ against */
  readonly ratio?: number;
  readonly goal?: Goal;
  /** what a reader must know to judge the number */
  readonly note?: string;
};

/** A goal for at least `least`. @param text as in the table, e.g. "≥ 0.85 × C" */
export function atLeast(value: number, least: number, text: string): Goal {
  return { text, met: value >= least };
}

/** A goal for at most `most`. */
export function atMost(value: number, most: number, text: string): Goal {
  return { text, met: value <= most };
}

/** `value` beside another side's value of the same run. */
export function compared(value: number, what: string, other: number): Pick<Row, "against" | "ratio"> {
  return { against: { what, value: other }, ratio: value / other };
}
