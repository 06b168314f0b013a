/** What a person typed, checked before the service is asked: a complaint names the option, not the field of a request. */
import type { z } from "zod";
import { EXIT, HostError } from "../host-error.ts";

/** Where a field of the request comes from. */
export type Word = {
  /** The option or argument with its value, as typed; of a list, one for each. */
  readonly typed: string | readonly string[];
  /** What is right, where the schema counts in other units than people do. */
  readonly expected?: string;
  /** One that is right. */
  readonly example: string;
};

/**
 * @param words by the name of the field
 * @throws HostError "usage"
 * @example typed(z.object({ uses: z.int() }), { uses: NaN }, { uses: { typed: "--uses x", example: "--uses 20" } })
 */
export function typed<T>(schema: z.ZodType<T>, request: object, words: Readonly<Record<string, Word>>): T {
  const result = schema.safeParse(request);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const [field = "", index] = issue?.path ?? [];
  const word = words[String(field)];
  if (issue === undefined || word === undefined) throw result.error;
  const said = typeof word.typed === "string" ? [word.typed] : word.typed;
  const which = (typeof index === "number" ? said[index] : undefined) ?? said.join(" ");
  const message = `${which}: ${word.expected ?? issue.message}`;
  throw new HostError("usage", message, `type it like this: ${word.example}`, EXIT.usage);
}

/** For a schema to refuse: what is no whole number must not become another one, or "no limit", on its way through JSON. */
export const wholeNumber = (text: string): number => (/^(?:0|[1-9]\d{0,8})$/.test(text) ? Number(text) : Number.NaN);
