/** What a client's stacks may be, at the mint's API and in the config. */
import { z } from "zod";
import { stackGlobProblem } from "./glob.ts";

const stackGlob = z.string().superRefine((pattern, context) => {
  const problem = stackGlobProblem(pattern);
  if (problem !== null) context.addIssue({ code: "custom", message: problem });
});

export const stackGlobs: z.ZodType<string[]> = z
  .array(stackGlob)
  .min(1, "expected at least one stack, such as acme/**")
  .max(32, "expected at most 32 stacks");
