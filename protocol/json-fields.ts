/** Fields that several JSON messages of the mint API have. */
import { z } from "zod";
import type { SourceClass } from "./token.ts";

/** @param bytes length of the value; the text has two lower-case hexadecimal digits for each */
export const hex = (bytes: number): z.ZodType<string> =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${2 * bytes} hex digits`);

export const sourceClass: z.ZodType<SourceClass> = z.enum(["chained", "physical-conditioned", "physical-raw"]);
