/** The guests under drill. */
import { KIT_PROGRAM, type Program } from "./guest-drill.ts";

export const PROGRAMS: readonly Program[] = [KIT_PROGRAM];
