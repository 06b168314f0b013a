/** Kinds of values that several messages of the mint API have. */
import { z } from "zod";
import type { BindMode, VmState } from "./mint.ts";

export const text = (max: number): z.ZodType<string> =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[\u0020-\u007e]+$/, "expected printable ASCII");
export const base64 = (bytes: number): z.ZodType<string> =>
  z.base64().refine((value) => Buffer.from(value, "base64").length === bytes, `expected ${bytes} bytes of base64`);
export const seconds: z.ZodType<number> = z.number().int().min(0);
export const count: z.ZodType<number> = z.number().int().min(0);
export const bind: z.ZodType<BindMode> = z.enum(["instance", "first-claim"]);
export const state: z.ZodType<VmState> = z.enum(["committed", "provisional", "claimed", "reported"]);
