/**
 * The JSON of a report: what a VM says about its first boot. Strict: an unknown field is refused. Texts are printable
 * ASCII, since they end up in terminals and in known_hosts.
 */
import { z } from "zod";

/** `reseeded`: the kernel's generator provably depends on the seed. Everything else makes the gate act. */
export type Verdict = "reseeded" | "unproven" | "no-seed" | "spent" | "failed";

/** What the first-boot gate did. */
export type GateOutcome = "passed" | "held" | "warned" | "none";

/** What was observed. */
export interface Evidence {
  /** errno of RNDADDENTROPY: 0 done, 255 not tried */
  readonly rcMix: number;
  /** errno of RNDRESEEDCRNG */
  readonly rcReseed: number;
  /** SSH host keys that were there before the reseed */
  readonly hostKeysBefore: number;
  /** `uname -r` */
  readonly kernel: string;
  /** /proc/sys/kernel/random/poolsize: 256 is the generator of 5.18 and its backports */
  readonly poolsize: number;
  readonly fipsEnabled: number;
  /** /sys/class/misc/hw_random/rng_current, or null without hw_random */
  readonly rngCurrent: string | null;
  readonly gate: GateOutcome;
  /** what happened when, seconds since power-on (CLOCK_BOOTTIME) */
  readonly timeline: readonly (readonly [event: string, seconds: number])[];
  /** what is wrong with single host keys: each begins with the file's path; absent when nothing is */
  readonly remarks?: readonly string[] | undefined;
}

/** A report. Byte values are lower-case hexadecimal. */
export interface Report {
  readonly hostId: string;
  readonly seedId: string;
  readonly identityPk: string;
  readonly instanceId: string;
  readonly bootId: string;
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  /** OpenSSH public-key lines, at most 8 */
  readonly hostKeys: readonly string[];
  /** what runs there: `kit` and `python`, or `agent` and `node` */
  readonly versions: Readonly<Record<string, string>>;
}

/** Host keys in one report: ed25519, three ECDSA, RSA, and room. */
export const MAX_HOST_KEYS = 8;

const printable = (maxLength: number): z.ZodType<string> =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(/^[\u0020-\u007e]+$/, "expected printable ASCII");
const hex = (bytes: number): z.ZodType<string> =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${2 * bytes} hex digits`);
const uint = (max: number): z.ZodType<number> => z.number().int().min(0).max(max);

const evidenceSchema: z.ZodType<Evidence> = z.strictObject({
  rcMix: uint(255),
  rcReseed: uint(255),
  hostKeysBefore: uint(1000),
  kernel: printable(128),
  poolsize: uint(1_000_000),
  fipsEnabled: uint(255),
  rngCurrent: printable(128).nullable(),
  gate: z.enum(["passed", "held", "warned", "none"]),
  timeline: z.array(z.tuple([printable(32), z.number().min(0).max(1e9)])).max(32),
  remarks: z.array(printable(255)).max(16).optional(),
});

/** Checks the shape of a report. */
export const reportSchema: z.ZodType<Report> = z.strictObject({
  hostId: hex(8),
  seedId: hex(16),
  identityPk: hex(32),
  instanceId: z.string().regex(/^[\x20-\x7e]{1,255}$/, "expected 1 to 255 printable ASCII characters"),
  bootId: z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "expected a UUID"),
  verdict: z.enum(["reseeded", "unproven", "no-seed", "spent", "failed"]),
  evidence: evidenceSchema,
  // No comment: what ends up in known_hosts is the key alone.
  hostKeys: z
    .array(
      z
        .string()
        .max(6000)
        .regex(/^[a-z0-9-]+ [A-Za-z0-9+/]+={0,2}$/, "expected `type base64`"),
    )
    .max(MAX_HOST_KEYS),
  versions: z
    .record(z.string().regex(/^[a-z]{1,16}$/, "expected a program's name"), printable(64))
    .refine((versions) => Object.keys(versions).length <= 4, "expected at most 4 programs"),
});
