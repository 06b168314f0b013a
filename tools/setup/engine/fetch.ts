/** Fetching a resource provider with the engine's own command, and remembering for a while that it could not be had. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { cacheRoot, type Progress } from "../../cache.ts";
import { pluginIn } from "./find.ts";

/** A try may take this long where packets are lost on their way. */
const TRY_MS = 60_000;
/**
 * After a try that failed, the next one. A machine without a network pays for two tries, one for each provider, 120 s at most, in a
 * quarter of an hour, in a set-up and never within a test run.
 */
const AGAIN_MS = 900_000;

/** A resource provider of one version. */
export interface Provider {
  /** `digitalocean` */
  readonly name: string;
  readonly version: string;
}

const homeOf = (): string => join(cacheRoot(), "pulumi-plugins");
const failedFile = ({ name, version }: Provider): string => join(homeOf(), `${name}-${version}.failed`);

/** `$PULUMI_HOME/plugins` of what was fetched here. */
export const fetchedPlugins = (): string => join(homeOf(), "plugins");

/** @returns the words of the last try that failed, or undefined */
export function lastFailure(provider: Provider): { why: string; at: number } | undefined {
  try {
    return JSON.parse(readFileSync(failedFile(provider), "utf8")) as { why: string; at: number };
  } catch {
    return undefined;
  }
}

/**
 * Asks the engine for a provider, unless that failed a short time ago.
 *
 * @param pulumi absolute path
 * @param now milliseconds since 1970
 */
export async function fetchProvider(
  pulumi: string,
  provider: Provider,
  say: Progress,
  now: number = Date.now(),
): Promise<void> {
  const { name, version } = provider;
  const wanted = { folder: `resource-${name}-v${version}`, program: `pulumi-resource-${name}` };
  const isThere = (): boolean => pluginIn(fetchedPlugins(), wanted) !== undefined;
  const last = lastFailure(provider);
  if (isThere() || (last !== undefined && now >= last.at && now < last.at + AGAIN_MS)) return;
  say(`asking the engine for the official ${name} provider (one try, ${TRY_MS / 1000} s)`);
  mkdirSync(homeOf(), { recursive: true });
  const got = await execa(pulumi, ["plugin", "install", "resource", name, version], {
    reject: false,
    timeout: TRY_MS,
    stdin: "ignore",
    env: { PULUMI_HOME: homeOf(), PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  if (!got.failed && isThere()) {
    rmSync(failedFile(provider), { force: true });
    return;
  }
  const words = got.timedOut ? `no answer in ${TRY_MS / 1000} s` : (got.stderr.trim().split("\n").at(-1) ?? "");
  writeFileSync(failedFile(provider), JSON.stringify({ why: words, at: now }));
}
