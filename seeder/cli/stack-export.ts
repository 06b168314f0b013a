/** The droplets in what `pulumi stack export` prints. Secrets in it stay encrypted and are not looked at. */
import { BootseedError } from "@bootseed/protocol";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { z } from "zod";
import { addressesIn } from "../droplet/addresses.ts";
import { DROPLET_TYPE } from "../droplet/droplet-type.ts";
import type { CreatedDroplet } from "../mint-client/client.ts";
import { BadInput } from "./bad-input.ts";

const MAX_EXPORT_BYTES = 512 << 20;

const exportSchema = z.object({
  deployment: z.object({
    manifest: z.object({ time: z.string().optional() }).optional(),
    resources: z
      .array(
        z.object({
          urn: z.string(),
          type: z.string(),
          id: z.string().optional(),
          /** A machine that was replaced and is not deleted yet. */
          delete: z.boolean().optional(),
          outputs: z.record(z.string(), z.unknown()).optional(),
        }),
      )
      .optional(),
  }),
});

/**
 * @param stack `org/project/stack`: what its program is known as at the host
 * @param warn called for each output that should hold an address and does not
 * @throws BadInput for something else than an export, BootseedError "mismatch" for the export of another stack
 */
export function dropletsIn(
  text: string,
  stack: string,
  warn: (line: string) => void = (line) => void process.stderr.write(`bootseed: ${line}\n`),
): CreatedDroplet[] {
  const refuse = (got: string, cause?: unknown): never => {
    throw new BadInput(`expected what pulumi stack export prints, got ${got}`, { cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    return refuse(text.trim() === "" ? "nothing" : "text that is not JSON", cause);
  }
  const parsed = exportSchema.safeParse(json);
  if (!parsed.success)
    return refuse(`JSON of another form (at ${parsed.error.issues[0]?.path.join(".") || "its top"})`);
  const [, project, name] = stack.split("/");
  const droplets = (parsed.data.deployment.resources ?? []).filter(({ type }) => type === DROPLET_TYPE);
  const other = droplets.find(({ urn }) => !urn.startsWith(`urn:pulumi:${name}::${project}::`));
  if (other !== undefined) {
    const got = other.urn.split("::").slice(0, 2).join("::");
    throw new BootseedError(
      "mismatch",
      `expected the export of ${stack}, got one of ${got}: name the stack that it is of`,
    );
  }
  return droplets.flatMap(({ urn, id, delete: replaced, outputs }) =>
    id === undefined || id === "" || replaced === true
      ? []
      : [{ urn, instanceId: id, addresses: addressesIn(outputs ?? {}, (line) => warn(`${urn}: ${line}`)) }],
  );
}

/** @param text that `dropletsIn` took @returns when the state was written, in seconds since 1970; undefined where it does not say */
export function timeOfExport(text: string): number | undefined {
  const time = Date.parse(exportSchema.parse(JSON.parse(text)).deployment.manifest?.time ?? "");
  return Number.isNaN(time) ? undefined : Math.max(0, Math.floor(time / 1000));
}

/** Runs `pulumi stack export` in the current folder. @throws BootseedError "io" with pulumi's own words */
export async function exportByPulumi(stack: string): Promise<string> {
  try {
    const args = ["--non-interactive", "stack", "export", "--stack", stack];
    const { stdout } = await promisify(execFile)("pulumi", args, { maxBuffer: MAX_EXPORT_BYTES });
    return stdout;
  } catch (cause) {
    const { code, stderr = "" } = cause as { code?: unknown; stderr?: string };
    const why = code === "ENOENT" ? "there is no pulumi on PATH: install it, or give --export FILE" : stderr.trim();
    throw new BootseedError("io", `pulumi stack export --stack ${stack} failed: ${why}`, { cause });
  }
}
