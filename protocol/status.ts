/** GET /v1/status: what a host can do now, and its sources. */
import { z } from "zod";
import { hex, sourceClass } from "./json-fields.ts";
import type { SourceClass } from "./token.ts";

/** A source in GET /v1/status. */
export interface SourceStatus {
  readonly name: string;
  readonly class: SourceClass;
  readonly identity: string;
  readonly healthy: boolean;
  readonly reason: string | null;
  /** claimed min-entropy per sample, bits */
  readonly minEntropyBits: number;
  /** raw bytes read since the service started; absent from older hosts */
  readonly bytesRead?: number | undefined;
  /** mean rate while it was read; null: not known yet; absent from older hosts */
  readonly bytesPerSecond?: number | null | undefined;
}

/** GET /v1/status; a host may say more. */
export interface StatusAnswer {
  readonly schema: 1;
  readonly healthy: boolean;
  readonly hostId: string;
  readonly sources: readonly SourceStatus[];
  readonly [more: string]: unknown;
}

export const statusAnswerSchema: z.ZodType<StatusAnswer> = z.looseObject({
  schema: z.literal(1),
  healthy: z.boolean(),
  hostId: hex(8),
  sources: z.array(
    z.object({
      name: z.string(),
      class: sourceClass,
      identity: z.string(),
      healthy: z.boolean(),
      reason: z.string().nullable(),
      minEntropyBits: z.number().min(0),
      bytesRead: z.number().min(0).optional(),
      bytesPerSecond: z.number().min(0).nullable().optional(),
    }),
  ),
});
