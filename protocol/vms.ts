/** `GET /v1/vms`: what a host knows of its VMs. Part of the mint API. */
import { z } from "zod";
import { type Contest, contestSchema } from "./contest.ts";
import { hex, sourceClass } from "./json-fields.ts";
import { bind, count, seconds, state } from "./mint-fields.ts";
import type { BindMode, VmState } from "./mint.ts";
import { reportSchema, type Report } from "./report-json.ts";
import { alarms, type Asker } from "./stack-vms.ts";
import type { SourceClass } from "./token.ts";

/** A report whose host keys are not the accepted ones. */
export interface ChangedReport {
  readonly at: number;
  /** of the report's JSON, hex */
  readonly sha256: string;
  readonly report: Report;
}

/** A VM in GET /v1/vms. Times are seconds since 1970. */
export interface Vm {
  readonly name: string;
  readonly urn: string;
  readonly stack: string;
  readonly seedId: string;
  readonly bind: BindMode;
  readonly state: VmState;
  readonly instanceId: string | null;
  readonly addresses: readonly string[];
  readonly sourceClass: SourceClass;
  readonly committedAt: number;
  readonly claimedAt: number | null;
  readonly reportedAt: number | null;
  readonly hostKeysChanged: boolean;
  /** came with a token: nothing is claimed of its first boot; absent from older hosts */
  readonly joined?: boolean | undefined;
  /** the newest report with other host keys than the accepted ones; absent from older hosts */
  readonly changed?: ChangedReport | null | undefined;
  /** taken back by its certificate after the host lost its database */
  readonly imported?: boolean | undefined;
  /** since when the host refuses it */
  readonly revokedAt?: number | null | undefined;
  /** since when its stack has no such machine any more */
  readonly goneAt?: number | null | undefined;
  /** since when an operator wants it in no list; only where forgotten ones are asked for */
  readonly forgottenAt?: number | null | undefined;
  /**
   * who had its seed minted: `local`, the name of a client, `oidc:` and the job. null: it had none, it is not known, or it
   * was another than the one that asks, who is no admin; absent from older hosts
   */
  readonly client?: string | null | undefined;
  /** since when it is known that its counter went back behind one that it had acknowledged; until an operator clears it */
  readonly rolledBackAt?: number | null | undefined;
  /** other machines that asked with its seed; until an operator clears them */
  readonly askers?: readonly Asker[] | undefined;
  /** its names and addresses that other live VMs of this host have; absent from older hosts */
  readonly contested?: readonly Contest[] | undefined;
  readonly report: Report | null;
  /** of the report's JSON, hex; absent from older hosts */
  readonly reportSha256?: string | null | undefined;
  readonly lastTopUp: {
    readonly counter: number;
    readonly at: number;
    readonly receiptAt: number | null;
    readonly rcMix: number | null;
    readonly rcReseed: number | null;
  } | null;
  readonly topUps: number;
  /** serial of the statement that it held at its last packet; null: not known; absent from older hosts */
  readonly statementSerial?: number | null | undefined;
}

/** GET /v1/vms. All but the first two are absent from older hosts, which know no query and answer all VMs. */
export interface VmsAnswer {
  readonly schema: 1;
  readonly vms: readonly Vm[];
  /** of the host's clock, seconds since 1970 */
  readonly now?: number | undefined;
  /** how often its VMs ask */
  readonly intervalMs?: number | undefined;
  /** `since` of the next request, for what changes from now on */
  readonly revision?: string | undefined;
  /** only VMs that changed since `since`; else all that fit */
  readonly partial?: boolean | undefined;
  /** VMs that fit, sent or not */
  readonly total?: number | undefined;
  /** VMs that would fit and that an operator took out of the lists */
  readonly forgotten?: number | undefined;
  /** `after` of the next page; null: there is none */
  readonly next?: string | null | undefined;
}

const vmSchema: z.ZodType<Vm> = z.object({
  name: z.string(),
  urn: z.string(),
  stack: z.string(),
  seedId: hex(16),
  bind,
  state,
  instanceId: z.string().nullable(),
  addresses: z.array(z.string()),
  sourceClass,
  committedAt: seconds,
  claimedAt: seconds.nullable(),
  reportedAt: seconds.nullable(),
  hostKeysChanged: z.boolean(),
  joined: z.boolean().optional(),
  changed: z
    .object({ at: seconds, sha256: hex(32), report: reportSchema })
    .nullable()
    .optional(),
  imported: z.boolean().optional(),
  revokedAt: seconds.nullable().optional(),
  goneAt: seconds.nullable().optional(),
  forgottenAt: seconds.nullable().optional(),
  client: z.string().nullable().optional(),
  ...alarms,
  contested: z.array(contestSchema).optional(),
  report: reportSchema.nullable(),
  reportSha256: hex(32).nullable().optional(),
  lastTopUp: z
    .object({
      counter: z.number().int().min(1),
      at: seconds,
      receiptAt: seconds.nullable(),
      rcMix: z.number().int().nullable(),
      rcReseed: z.number().int().nullable(),
    })
    .nullable(),
  topUps: z.number().int().min(0),
  statementSerial: z.number().int().min(0).nullable().optional(),
});

export const vmsAnswerSchema: z.ZodType<VmsAnswer> = z.object({
  schema: z.literal(1),
  vms: z.array(vmSchema),
  now: seconds.optional(),
  intervalMs: count.optional(),
  revision: z.string().optional(),
  partial: z.boolean().optional(),
  total: count.optional(),
  forgotten: count.optional(),
  next: z.string().nullable().optional(),
});
