/** What the program at the repository's root reads from the stack's configuration. */
import { BootseedError } from "@bootseed/protocol";
import { z } from "zod";

/** One entry of `bootseed:droplets`. */
export interface DropletConfig {
  name: string;
  image: string;
  size: string;
  region: string;
  userData?: string | undefined;
  tags?: string[] | undefined;
}

const dropletSchema: z.ZodType<DropletConfig> = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}$/, "a droplet's name: letters, digits, dots and dashes"),
  image: z.string().min(1),
  size: z.string().min(1),
  region: z.string().min(1),
  userData: z.string().optional(),
  tags: z.array(z.string()).optional(),
});

const dropletsSchema: z.ZodType<DropletConfig[]> = z
  .array(dropletSchema)
  .refine((all) => new Set(all.map((one) => one.name)).size === all.length, "two droplets have the same name");

/**
 * @param value `bootseed:droplets` as parsed JSON; absent is the same as none
 * @throws BootseedError "bad-config", naming the entry and the field
 */
export function parseDroplets(value: unknown): DropletConfig[] {
  const parsed = dropletsSchema.safeParse(value ?? []);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => {
    const where = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`)).join("");
    return `bootseed:droplets${where}: ${message}`;
  });
  throw new BootseedError(
    "bad-config",
    `${problems.join("; ")} (pulumi config set --path 'bootseed:droplets[0].name' …)`,
  );
}
