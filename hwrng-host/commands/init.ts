/** `bootseed-host init`: config, keys, and the lines to copy. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { stringify } from "yaml";
import { loadConfig, parseConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { EXIT, HostError, messageOf } from "../host-error.ts";
import { createOnce, removeLeftovers } from "../identity/files.ts";
import { hostName, loadIdentity } from "../identity/host-identity.ts";
import { unreachableAdvice } from "../config/reachable.ts";
import { initState } from "../identity/init.ts";
import { configOption } from "./follow-up.ts";
import { selfSigned } from "../identity/self-signed.ts";
import { letMintGroupRead } from "../server/mint-group.ts";
import { systemRandom } from "../system-random.ts";

export type InitOptions = {
  readonly config: string;
  readonly stateDir?: string | undefined;
  readonly guests?: string | undefined;
  readonly mint?: string | undefined;
  readonly advertise?: readonly string[] | undefined;
  readonly allowChained?: boolean | undefined;
  readonly json?: boolean | undefined;
};

const HEADER = `# bootseed-host. Every key is checked; an unknown one is an error.
# sources: absent means /dev/hwrng, 4 bits per byte. intervalMs goes into the
# statement; guests ask for a packet when nine tenths of it have passed.
`;

/**
 * Writes what is missing and keeps what is there.
 * @returns text for the terminal
 * @throws HostError; options that contradict an existing config are refused, not applied
 */
export async function init(options: InitOptions): Promise<string> {
  const config = existsSync(options.config) ? existing(options) : create(options);
  removeLeftovers(config.stateDir);
  const random = systemRandom();
  const pair = await selfSigned("bootseed-host", random(8));
  const now = Math.floor(Date.now() / 1000);
  const result = initState(config.stateDir, config, random, pair, now);
  const identity = loadIdentity(config.stateDir);
  const id = hostName(identity);
  identity.close();
  const advice = unreachableAdvice(config);
  if (options.json === true) {
    const { created, updated, statementSerial } = result;
    const { stateDir, advertise, listen } = config;
    const fields = { hostId: id, stateDir, config: resolve(options.config), advertise, mint: listen.mint };
    return `${JSON.stringify({ schema: 1, ...fields, created, updated, statementSerial, warning: advice ?? null })}\n`;
  }
  const what = result.created.length > 0 ? `created ${result.created.join(", ")}` : "kept everything that was there";
  const moved = result.updated
    ? `\nsigned statement ${result.statementSerial}: VMs learn it with their next packet`
    : "";
  const option = configOption(options.config);
  return `${config.stateDir}: ${what}${moved}

host ${id} advertises ${config.advertise.join(", ")}
${advice === undefined ? "" : `WARNING: ${advice}\n`}
Start it:          bootseed-host serve${option}
In a Pulumi stack: pulumi config set bootseed:host unix://${config.listen.mint}
Programs elsewhere: ${elsewhere(config, options.config)}
One seed by hand:  bootseed-host mint${option} --name web-7 --out web-7.seed      what takes it: docs/operations.md
Back up ${config.stateDir}: whoever has it is this host, and without it VMs cannot be topped up.
`;
}

/** The socket is for this machine. */
function elsewhere({ listen }: Config, file: string): string {
  const client = `bootseed-host client add NAME --stacks 'ORG/**'${configOption(file)}`;
  return listen.mintHttps === undefined
    ? `set listen.mintHttps: 0.0.0.0:7445 in ${file}, then ${client} --out FILE; or by ssh: ${client} --ssh`
    : `${client} --out FILE`;
}

/** A path, or the same written as programs name it: `unix:///run/…`. */
const socketPath = (text: string): string => resolve(text.replace(/^unix:\/\//, ""));

function existing(options: InitOptions): Config {
  const config = loadConfig(options.config);
  const wanted: [string, string | undefined, string][] = [
    ["--state-dir", options.stateDir && resolve(options.stateDir), config.stateDir],
    ["--guests", options.guests, config.listen.guests],
    ["--mint", options.mint && socketPath(options.mint), config.listen.mint],
    ["--advertise", options.advertise?.join(", "), config.advertise.join(", ")],
    ["--allow-chained", options.allowChained === true ? "(allowChained: true)" : undefined, chained(config)],
  ];
  for (const [option, value, written] of wanted) {
    if (value === undefined || value === written) continue;
    const message = `${option} ${value} contradicts ${options.config}, which says ${written}`;
    throw new HostError("usage", message, "edit the config, then run init without that option", EXIT.usage);
  }
  return config;
}

const chained = ({ allowChained }: Config): string => `(allowChained: ${allowChained})`;

/** Complaints about a config that was never written, as complaints about the options that it was made from. */
function ofOptions({ message, cause }: HostError, { guests, mint, advertise }: InitOptions): HostError {
  const lines = message.split("\n").map((line) => line.replace(/^:\d+: /, ""));
  // One mistake, one complaint: what is wrong with --guests is wrong with the address that is made from it.
  const own = lines.filter(
    (line) =>
      !(advertise === undefined && line.startsWith("advertise") && lines.some((one) => one.startsWith("listen.g"))),
  );
  const named = own.map((line) =>
    line
      .replace(/^listen\.guests/, `--guests ${guests}`)
      .replace(/^listen\.mint/, `--mint ${mint}`)
      .replace(/^advertise(?:\[(\d+)\])?/, (_, i: string) => `--advertise ${advertise?.[Number(i)] ?? guests}`),
  );
  return new HostError("usage", named.join("\n"), "correct the option: nothing was written", EXIT.usage, { cause });
}

function create(options: InitOptions): Config {
  const guests = options.guests ?? "127.0.0.1:7443";
  const content = {
    stateDir: resolve(options.stateDir ?? "/var/lib/bootseed-host"),
    allowChained: options.allowChained ?? false,
    listen: { guests, mint: socketPath(options.mint ?? "/run/bootseed/mint.sock") },
    advertise: options.advertise ?? [guests],
  };
  const text = HEADER + stringify(content);
  // Checked before anything is written: options are checked as strictly as a file.
  try {
    parseConfig(text, "");
  } catch (error) {
    throw error instanceof HostError ? ofOptions(error, options) : error;
  }
  try {
    mkdirSync(dirname(resolve(options.config)), { recursive: true });
  } catch (cause) {
    const message = `cannot create ${dirname(resolve(options.config))}: ${messageOf(cause)}`;
    throw new HostError("io", message, "choose a folder you may write with `--config`", EXIT.cantCreate, { cause });
  }
  if (createOnce(resolve(options.config), Buffer.from(text))) letMintGroupRead(resolve(options.config));
  return loadConfig(options.config);
}
