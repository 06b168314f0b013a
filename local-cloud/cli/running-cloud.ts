import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { getJson } from "../wait-for-boot.ts";
import { holderOf } from "../run-folder.ts";
import { CliError, EX_NOINPUT, EX_UNAVAILABLE } from "./exit-codes.ts";

/** A droplet as `GET /local` tells it. */
export interface ListedDroplet {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly address: string;
  readonly error: string | null;
  readonly pid: number | null;
}

/** What `GET /local` says of a cloud that runs. */
export interface CloudState {
  readonly schema: 1;
  readonly pid: number;
  readonly api: string;
  readonly sshPort: number;
  readonly accelerator: string;
  /** faults that are still to come */
  readonly faults: readonly string[];
  readonly droplets: readonly ListedDroplet[];
}

/** @throws CliError 69 when none runs in the folder */
export async function cloudIn(dir: string): Promise<CloudState> {
  const file = join(dir, "api");
  if (holderOf(dir) === undefined || !existsSync(file)) {
    throw new CliError(
      EX_UNAVAILABLE,
      `no local-cloud runs in ${dir}: \`local-cloud start --dir ${dir} --images DIR\``,
    );
  }
  return (await getJson(readFileSync(file, "utf8").trim(), "/local").catch((cause: unknown) => {
    throw new CliError(EX_UNAVAILABLE, `the local-cloud in ${dir} does not answer: ${String(cause)}`, { cause });
  })) as CloudState;
}

/** By id or name. @throws CliError 66, 69 */
export async function dropletIn(
  dir: string,
  wanted: string,
): Promise<{ readonly cloud: CloudState; readonly droplet: ListedDroplet }> {
  const cloud = await cloudIn(dir);
  const droplet = cloud.droplets.find(({ id, name }) => String(id) === wanted || name === wanted);
  if (droplet !== undefined) return { cloud, droplet };
  const known = cloud.droplets.map(({ id, name }) => `${id} (${name})`).join(", ") || "none";
  throw new CliError(EX_NOINPUT, `no droplet ${wanted} in ${dir}: there is ${known}`);
}

/**
 * The droplet's folder, absolute and only if there is one: a Unix socket that is missing would be a riddle. By its id also after the
 * cloud has died, when its console is what one wants to see.
 *
 * @throws CliError 66, 69
 */
export async function dropletDir(dir: string, wanted: string): Promise<string> {
  const folder = resolve(dir, "droplets", wanted);
  if (/^\d+$/.test(wanted) && existsSync(folder)) return folder;
  const { droplet } = await dropletIn(dir, wanted);
  return resolve(dir, "droplets", String(droplet.id));
}
