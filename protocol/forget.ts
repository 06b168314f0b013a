/** Requests that take VMs and seeds out of a host's lists for good. Parts of the mint API, for admins. */
import { z } from "zod";
import { hex } from "./json-fields.ts";
import { count } from "./mint-fields.ts";

/** POST /v1/vms/{seedId}/forget */
export interface ForgetRequest {
  /** 409 for a VM that is enrolled, not gone and not revoked, at the moment of the request */
  readonly unlessLive?: boolean | undefined;
}

/** POST /v1/forget-unclaimed: all seeds of a stack that no machine has claimed, by the host's clock and in one transaction. */
export interface ForgetUnclaimedRequest {
  /** org/project/stack; 404 where the host knows no VM of it */
  readonly stack: string;
  /** committed at least so long ago */
  readonly olderThanSeconds: number;
}

export interface ForgetUnclaimedAnswer {
  readonly forgotten: readonly { readonly seedId: string; readonly name: string }[];
}

export const forgetRequestSchema: z.ZodType<ForgetRequest> = z.strictObject({ unlessLive: z.boolean().optional() });

export const forgetUnclaimedRequestSchema: z.ZodType<ForgetUnclaimedRequest> = z.strictObject({
  stack: z.string().min(1).max(256),
  olderThanSeconds: count,
});

export const forgetUnclaimedAnswerSchema: z.ZodType<ForgetUnclaimedAnswer> = z.object({
  forgotten: z.array(z.object({ seedId: hex(16), name: z.string() })),
});
