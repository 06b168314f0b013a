import shapes from "./shapes.json" with { type: "json" };
import json from "./trace.json" with { type: "json" };

/** One call of the official provider and what it is answered. */
export interface Call {
  /** "METHOD /path", with `{name}` for what an earlier answer gave */
  readonly send: string;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly shape?: keyof (typeof shapes)["$defs"];
  /** what the answer has, whatever else */
  readonly has?: Readonly<Record<string, unknown>>;
  /** asked again until the answer has it */
  readonly until?: Readonly<Record<string, unknown>>;
  /** what its message begins with */
  readonly says?: string;
  /** where in the answer a name's value is */
  readonly keep?: Readonly<Record<string, readonly (string | number)[]>>;
}

/** Calls that belong together, in their order. */
export interface Flow {
  readonly name: string;
  /** whether it was recorded or read, and where */
  readonly from: string;
  readonly calls: readonly Call[];
}

/** trace.json; a flow may use what the ones before it left. */
export const TRACE: readonly Flow[] = json.flows as unknown as readonly Flow[];
/** shapes.json's definitions, for `$ref`. */
export const SHAPES: Readonly<Record<string, unknown>> = shapes.$defs;
