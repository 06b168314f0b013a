/** What a host says of a stack's VMs beside what was asked: those of other URNs, and what it has noticed. Parts of the mint API. */
import { z } from "zod";

/** Most VMs of each kind in an answer to a reservation. */
export const MAX_STACK_VMS: number = 1_000;

/** A VM of the request's stack that is not gone. */
export interface StackVm {
  readonly seedId: string;
  readonly urn: string;
  readonly name: string;
}

/** One under a URN that the request does not have. Null: a seed without a machine, which no create can be about any longer. */
export interface OtherVm extends StackVm {
  readonly instanceId: string | null;
}

/** One with something to warn of, under any URN; as in `Vm`. */
export interface AlarmedVm extends StackVm {
  readonly rolledBackAt?: number | null | undefined;
  readonly askers?: readonly Asker[] | undefined;
}

/** A machine that asked with a VM's seed, and is not that VM. Times are seconds since 1970. */
export interface Asker {
  readonly instanceId: string;
  /** its instance id is the VM's own, its identity is another */
  readonly sameInstance: boolean;
  /** its first request came after the VM's first report */
  readonly afterReport: boolean;
  /** several machines asked before the VM's instance id was known, and this one may be the VM */
  readonly undecided?: true | undefined;
  readonly firstAt: number;
  /** exact to an hour */
  readonly lastAt: number;
  /** requests, at least */
  readonly count: number;
}

const seedId = z.string().regex(/^[0-9a-f]{32}$/, "expected 32 hex digits");
const seconds = z.number().int().min(0);

const askerSchema: z.ZodType<Asker> = z.object({
  instanceId: z.string(),
  sameInstance: z.boolean(),
  afterReport: z.boolean(),
  undecided: z.literal(true).optional(),
  firstAt: seconds,
  lastAt: seconds,
  count: z.number().int().min(1),
});

/** Fields of a VM that hold what speaks against it. */
export const alarms: {
  readonly rolledBackAt: z.ZodType<number | null | undefined>;
  readonly askers: z.ZodType<Asker[] | undefined>;
} = { rolledBackAt: seconds.nullable().optional(), askers: z.array(askerSchema).optional() };

const stackVm = { seedId, urn: z.string(), name: z.string() };

export const otherVmSchema: z.ZodType<OtherVm> = z.object({ ...stackVm, instanceId: z.string().nullable() });

export const alarmedVmSchema: z.ZodType<AlarmedVm> = z.object({ ...stackVm, ...alarms });
