/**
 * The mint API: JSON over HTTP/1.1 on the host's unix socket. Requests are strict (an unknown field is refused);
 * answers may grow fields, which a client of this version ignores. Byte values are standard base64, names lower-case
 * hexadecimal.
 */
import { z } from "zod";
import { canonicalAddress, nameProblem } from "./host-word.ts";
import { hex, sourceClass } from "./json-fields.ts";
import { base64, bind, count, seconds, state, text } from "./mint-fields.ts";
import { reportSchema, type Report } from "./report-json.ts";
import { alarms, type AlarmedVm, alarmedVmSchema, type Asker, type OtherVm, otherVmSchema } from "./stack-vms.ts";
import type { SourceClass } from "./token.ts";

/** Longest body of a request. */
export const MAX_MINT_BODY_BYTES: number = 4 * 1024 * 1024;

/**
 * `instance`: the claim is final only for the instance-id in Pulumi's state. `first-claim`: for callers that never
 * learn it.
 */
export type BindMode = "instance" | "first-claim";

/** Life of a seed at the host, as far as a client sees it. */
export type VmState = "committed" | "provisional" | "claimed" | "reported";

/** POST /v1/reservations */
export interface ReservationsRequest {
  /** org/project/stack */
  readonly stack: string;
  readonly urns: readonly string[];
}

/**
 * One reservation: everything of a seed entry that differs from VM to VM. `pool`, `claimKey`, `psk0` and `token` are
 * secrets.
 */
export interface Reservation {
  readonly urn: string;
  /** 16 bytes, hex */
  readonly seedId: string;
  /** 64 bytes, base64 */
  readonly pool: string;
  /** 32 bytes, base64 */
  readonly claimKey: string;
  /** 32 bytes, base64 */
  readonly psk0: string;
  /** base64url */
  readonly token: string;
  /** the VM that the host knows under this URN, the newest with an instance id; null: none; absent from older hosts */
  readonly vm?: { readonly seedId: string; readonly instanceId: string } | null | undefined;
}

/** The last four are absent from older hosts. */
export interface ReservationsAnswer {
  /** 8 bytes, hex */
  readonly hostId: string;
  /** base64 */
  readonly statement: string;
  readonly sourceClass: SourceClass;
  readonly reservations: readonly Reservation[];
  /** at most `MAX_STACK_VMS` */
  readonly others?: readonly OtherVm[] | undefined;
  /** how many more there are */
  readonly othersCut?: number | undefined;
  /** at most `MAX_STACK_VMS` */
  readonly alarms?: readonly AlarmedVm[] | undefined;
  /** how many more there are */
  readonly alarmsCut?: number | undefined;
}

/** POST /v1/reservations/{seedId}/commit */
export interface CommitRequest {
  readonly token: string;
  readonly bind: BindMode;
  readonly name: string;
}

export interface CommitAnswer {
  readonly seedId: string;
}

/** POST /v1/created */
export interface CreatedRequest {
  readonly stack: string;
  readonly droplets: readonly {
    readonly urn: string;
    readonly instanceId: string;
    /** IP addresses in any spelling that `canonicalAddress` takes, at most 16 */
    readonly addresses: readonly string[];
  }[];
}

export interface CreatedVm {
  readonly urn: string;
  readonly instanceId: string;
  readonly seedId: string | null;
  readonly state: VmState | null;
  readonly report: Report | null;
  /** as in {@link Vm} */
  readonly rolledBackAt?: number | null | undefined;
  /** as in {@link Vm} */
  readonly askers?: readonly Asker[] | undefined;
}

export interface CreatedAnswer {
  readonly vms: readonly CreatedVm[];
}

/** POST /v1/present: all machines that a stack has. VMs of the stack with another instance id are gone. */
export interface PresentRequest {
  readonly stack: string;
  /** at most 100,000, and all of them: a part would make the others gone */
  readonly instanceIds: readonly string[];
  /** when that was true, seconds since 1970: seeds that were committed later are not judged; default now */
  readonly asOf?: number | undefined;
}

export interface PresentAnswer {
  /** those that were not known as gone before */
  readonly gone: readonly { readonly seedId: string; readonly name: string; readonly instanceId: string | null }[];
}

/** POST /v1/absent: VMs that a stack has no more; its others are not judged. The answer is that of `present`. */
export interface AbsentRequest {
  readonly stack: string;
  /** one that has another URN by now was moved, and stays; at most 10,000 */
  readonly vms: readonly { readonly seedId: string; readonly urn: string }[];
}

/** POST /v1/vms/{seedId}/approve */
export interface ApproveRequest {
  /** SHA-256 of the JSON of the report to trust from now on, hex: `changed.sha256`, or `reportSha256` to keep the old keys */
  readonly report: string;
}

export interface ApproveAnswer {
  readonly seedId: string;
  /** accepted from now on */
  readonly hostKeys: readonly string[];
}

/** Body of every answer that is not 2xx. */
export interface MintErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly fix: string };
}

const token = z
  .string()
  .min(1)
  .max(16_384)
  .regex(/^[A-Za-z0-9_-]+$/, "expected base64url");
/** A URN is a name with a type path; Pulumi allows any text in it, terminals do not. */
const urn = text(2048);
const stack = text(256);
const vmName = z.string().superRefine((name, context) => {
  const problem = nameProblem(name);
  if (problem !== null) context.addIssue({ code: "custom", message: `a VM's name is refused if it ${problem}` });
});
const instanceId = text(255);
const addresses = z
  .array(
    text(64).refine(
      (address) => canonicalAddress(address) !== null,
      "expected an IP address such as 203.0.113.7 or 2001:db8::7, without a zone",
    ),
  )
  .max(16);

export const reservationsRequestSchema: z.ZodType<ReservationsRequest> = z.strictObject({
  stack,
  urns: z.array(urn).min(1).max(10_000),
});

export const reservationsAnswerSchema: z.ZodType<ReservationsAnswer> = z.object({
  hostId: hex(8),
  statement: z.base64().min(1).max(4096),
  sourceClass,
  reservations: z.array(
    z.object({
      urn,
      seedId: hex(16),
      pool: base64(64),
      claimKey: base64(32),
      psk0: base64(32),
      token,
      vm: z
        .object({ seedId: hex(16), instanceId: z.string() })
        .nullable()
        .optional(),
    }),
  ),
  others: z.array(otherVmSchema).optional(),
  othersCut: count.optional(),
  alarms: z.array(alarmedVmSchema).optional(),
  alarmsCut: count.optional(),
});

export const commitRequestSchema: z.ZodType<CommitRequest> = z.strictObject({ token, bind, name: vmName });

export const commitAnswerSchema: z.ZodType<CommitAnswer> = z.object({ seedId: hex(16) });

export const approveRequestSchema: z.ZodType<ApproveRequest> = z.strictObject({ report: hex(32) });

export const approveAnswerSchema: z.ZodType<ApproveAnswer> = z.object({
  seedId: hex(16),
  hostKeys: z.array(z.string()),
});

export const createdRequestSchema: z.ZodType<CreatedRequest> = z.strictObject({
  stack,
  droplets: z.array(z.strictObject({ urn, instanceId, addresses })).max(10_000),
});

/** Most instance ids in one request; a list that was cut would be wrong, so a larger stack sends none. */
export const MAX_PRESENT: number = 100_000;

export const presentRequestSchema: z.ZodType<PresentRequest> = z.strictObject({
  stack,
  instanceIds: z.array(instanceId).max(MAX_PRESENT),
  asOf: seconds.optional(),
});

export const absentRequestSchema: z.ZodType<AbsentRequest> = z.strictObject({
  stack,
  vms: z.array(z.strictObject({ seedId: hex(16), urn })).max(10_000),
});

export const presentAnswerSchema: z.ZodType<PresentAnswer> = z.object({
  gone: z.array(z.object({ seedId: hex(16), name: z.string(), instanceId: z.string().nullable() })),
});

export const createdAnswerSchema: z.ZodType<CreatedAnswer> = z.object({
  vms: z.array(
    z.object({
      urn,
      instanceId,
      seedId: hex(16).nullable(),
      state: state.nullable(),
      report: reportSchema.nullable(),
      ...alarms,
    }),
  ),
});

export const mintErrorSchema: z.ZodType<MintErrorAnswer> = z.object({
  error: z.object({ code: z.string(), message: z.string(), fix: z.string() }),
});
