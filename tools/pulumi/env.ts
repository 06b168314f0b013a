/**
 * The environment of a Pulumi engine that can never touch a real account: it knows one endpoint on loopback, one local
 * backend, one home of its own, and nothing that it could have inherited.
 */
import { delimiter } from "node:path";

export interface PulumiEnvOptions {
  /** Folder with `pulumi` and, where there are no official plugins elsewhere, the stand-ins. First on PATH. */
  bin: string;
  /** Folder with `node`; put right behind `bin`. */
  nodeBin: string;
  /** PULUMI_HOME: plugins, workspaces and credentials live there, so it must not be the user's own. */
  home: string;
  /** Folder for the state (`file://` backend). */
  backend: string;
  /** Encrypts the secrets of the state; use a fresh random one per run. */
  passphrase: string;
  /** DigitalOcean-compatible endpoint, `http://127.0.0.1:PORT`. */
  api: string;
  /** Milliseconds between the stand-in provider's polls; the official provider ignores it. */
  pollMs?: number;
  /**
   * Seconds before the provider's first retry, doubled before each further one; default: the provider's own, 1. How often it
   * retries is never set here: what the tests show is what the provider does by default.
   */
  retryWaitSeconds?: number;
  /** Further variables, last word. */
  extra?: Readonly<Record<string, string>>;
}

/** What a child needs from the outside and what cannot lead to an account. */
const KEPT = ["LANG", "LC_ALL", "TMPDIR", "TERM", "USER", "TZ"];
const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/;

/**
 * @returns the whole environment; pass it as is, not merged with `process.env`
 * @throws RangeError when `api` is not `http` on loopback or `extra` names an account variable
 *
 * @example const env = pulumiEnv({ bin, nodeBin, home, backend, passphrase, api: "http://127.0.0.1:4100" });
 */
export function pulumiEnv(options: PulumiEnvOptions): Record<string, string> {
  const url = URL.canParse(options.api) ? new URL(options.api) : undefined;
  if (url?.protocol !== "http:" || !LOOPBACK.test(url.hostname)) {
    throw new RangeError(`expected an http endpoint on loopback, got ${options.api}: refusing to reach a real account`);
  }
  for (const name of Object.keys(options.extra ?? {})) {
    if (name.startsWith("DIGITALOCEAN_") || name === "PULUMI_ACCESS_TOKEN" || name === "PULUMI_BACKEND_URL") {
      throw new RangeError(`${name} is set here and nowhere else: leave it out of extra`);
    }
  }
  const env: Record<string, string> = {};
  for (const name of KEPT) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return {
    ...env,
    PATH: [options.bin, options.nodeBin, "/usr/local/bin", "/usr/bin", "/bin"].join(delimiter),
    HOME: options.home,
    PULUMI_HOME: options.home,
    PULUMI_BACKEND_URL: `file://${options.backend}`,
    PULUMI_CONFIG_PASSPHRASE: options.passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    DIGITALOCEAN_TOKEN: "loopback-only",
    DIGITALOCEAN_API_URL: url.origin,
    ...(options.retryWaitSeconds === undefined
      ? {}
      : { DIGITALOCEAN_HTTP_RETRY_WAIT_MIN: String(options.retryWaitSeconds) }),
    BOOTSEED_STANDIN_FIRST_POLL_MS: String(options.pollMs ?? 500),
    BOOTSEED_STANDIN_POLL_MS: String(options.pollMs ?? 500),
    ...options.extra,
  };
}
