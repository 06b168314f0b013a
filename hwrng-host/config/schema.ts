/** The config file of `bootseed-host`: one schema, strict, with every default in it. */
import { z } from "zod";
import { parseCidr } from "../deliver/address-policy.ts";
import { dialled, listenAt } from "./address.ts";
import { minEntropyBits, whole } from "./numbers.ts";
import { type OidcIssuer, oidcKeys, oidcSchema } from "./oidc.ts";
import { SOURCE_CLASSES, type SourceClass } from "../sources/source.ts";

/** sun_path holds 108 bytes with the final zero (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

const path = z.string().min(1, "expected a path");

const hwrngSource = z.strictObject({
  driver: z.literal("hwrng"),
  device: path.default("/dev/hwrng"),
  rngCurrent: path.default("/sys/class/misc/hw_random/rng_current"),
  minEntropyBits: minEntropyBits.default(4),
  class: z.enum(SOURCE_CLASSES).optional(),
});

const systemSource = z.strictObject({
  driver: z.literal("system"),
  minEntropyBits: minEntropyBits.default(8),
});

const listen = z.strictObject({
  guests: listenAt.default("127.0.0.1:7443"),
  mintHttps: listenAt.optional(),
  mint: path
    .refine((text) => Buffer.byteLength(text) <= MAX_SOCKET_PATH_BYTES, "a socket's path has at most 107 bytes")
    .default("/run/bootseed/mint.sock"),
});

const dial = z.strictObject({
  allow: z
    .array(z.string().refine((text) => parseCidr(text) !== null, "expected a CIDR, such as 10.1.0.0/16"))
    .max(64, "expected at most 64 networks")
    .default([]),
});

const push = z.strictObject({
  port: whole(1, 65_535, "the port").default(7444),
  concurrency: whole(1, 1024, "connections").default(64),
});

/** A source as configured, defaults filled in. */
export type SourceConfig =
  | {
      driver: "hwrng";
      device: string;
      rngCurrent: string;
      minEntropyBits: number;
      /** For names that this program does not know; it may lower the class of a known one, never raise it. */
      class?: SourceClass | undefined;
    }
  | { driver: "system"; minEntropyBits: number };

/** A checked config with all defaults filled in; units are in the names. */
export type Config = {
  /** Folder of keys and database, 0700. */
  stateDir: string;
  /** Absent: /dev/hwrng, or the system generator where there is none and `allowChained` is true. */
  sources?: SourceConfig[] | undefined;
  allowChained: boolean;
  /** `mintHttps`: absent, programs on other machines come through ssh or not at all. */
  listen: { guests: string; mint: string; mintHttps?: string | undefined };
  /** Whose CI jobs may mint by their own tokens; needs `listen.mintHttps`. */
  oidc?: OidcIssuer[] | undefined;
  /** What guests dial, at most 4, literal addresses first. */
  advertise: string[];
  intervalMs: number;
  /** Networks that the service may dial although it would not by itself: its own, loopback, link-local. */
  dial: { allow: string[] };
  /** Delivery by `tcp`: the one port that is dialled on VMs, and how many connections at once. */
  push: { port: number; concurrency: number };
};

export const configSchema: z.ZodType<Config> = z
  .strictObject({
    stateDir: path,
    sources: z
      .array(z.discriminatedUnion("driver", [hwrngSource, systemSource], 'expected driver "hwrng" or "system"'))
      .min(1, "expected at least one source")
      .max(8, "expected at most 8 sources")
      .optional(),
    allowChained: z.boolean("expected true or false").default(false),
    listen: listen.default({ guests: "127.0.0.1:7443", mint: "/run/bootseed/mint.sock" }),
    advertise: z
      .array(dialled)
      .min(1, "expected at least one address that guests can dial")
      .max(4, "expected at most 4 addresses"),
    intervalMs: whole(60_000, 0xffff_ffff, "milliseconds").default(21_600_000),
    dial: dial.default({ allow: [] }),
    push: push.default({ port: 7444, concurrency: 64 }),
    oidc: oidcSchema.optional(),
  })
  .superRefine((config, context) => {
    for (const [i, source] of (config.sources ?? []).entries()) {
      if (source.driver === "system" && !config.allowChained) {
        const message =
          "the system generator is a chained source (somebody else's generator): it needs `allowChained: true`";
        context.addIssue({ code: "custom", path: ["sources", i, "driver"], message });
      }
    }
    if (config.oidc !== undefined && config.listen.mintHttps === undefined) {
      const message = "tokens come over https only: set listen.mintHttps";
      context.addIssue({ code: "custom", path: ["oidc"], message });
    }
    const devices = (config.sources ?? []).map((source) => (source.driver === "hwrng" ? source.device : "system"));
    for (const [i, device] of devices.entries()) {
      if (devices.indexOf(device) === i) continue;
      context.addIssue({
        code: "custom",
        path: ["sources", i],
        message: `${device} is listed twice; a device counts once`,
      });
    }
  });

/** Known keys where a path leads, to name them beside an unknown one. @param driver of the source that it leads to */
export function knownKeys(at: readonly PropertyKey[], driver?: unknown): readonly string[] {
  if (at[0] === "listen") return ["guests", "mint", "mintHttps"];
  if (at[0] === "oidc") return oidcKeys(at);
  if (at[0] === "dial") return ["allow"];
  if (at[0] === "push") return ["port", "concurrency"];
  if (at[0] === "sources" && driver === "system") return ["driver", "minEntropyBits"];
  if (at[0] === "sources") return ["driver", "device", "rngCurrent", "minEntropyBits", "class"];
  return ["stateDir", "sources", "allowChained", "listen", "advertise", "intervalMs", "dial", "push", "oidc"];
}
