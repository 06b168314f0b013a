/**
 * Which options of a Pulumi engine make it write debug diagnostics or whole requests somewhere. The DigitalOcean provider
 * logs each create with its user-data as a debug diagnostic, so those outputs have seeds in clear.
 */

/** A running `pulumi`. */
export interface EngineProcess {
  /** Its command line, beginning with the program. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** From here on the engine logs debug diagnostics. */
const VERBOSE = 3;
/** One-letter options of `pulumi up` that take a value: the rest of their word, or the next one. */
const SHORT_WITH_VALUE = "Ccmpstv";
/**
 * Long options of `pulumi up` whose value may be the next word; the word is not an option then. Those whose value is optional
 * (pflag's NoOptDefVal: attach-debugger, refresh, suppress-permalink) never take the next word.
 */
const LONG_WITH_VALUE = new Set(
  `client color config config-file cwd event-log exclude exec-agent exec-kind memprofilerate message otel-traces output override-env
   parallel plan policy-pack policy-pack-config profiling replace secrets-provider stack target target-replace tracing
   tracing-header verbose

   remote-agent-pool-id remote-env remote-env-secret remote-executor-image remote-executor-image-password
   remote-executor-image-username remote-git-auth-access-token remote-git-auth-password remote-git-auth-ssh-private-key
   remote-git-auth-ssh-private-key-path remote-git-auth-username remote-git-branch remote-git-commit remote-git-repo-dir
   remote-pre-run-command`.split(/\s+/),
);

/** As the engine reads a boolean option or variable. */
const isOn = (value: string | undefined): boolean => /^(1|t|true)$/i.test(value ?? "");

/** The engine's options by their long names; those without a value are `"true"`. */
function optionsIn(args: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined && word !== "--"; word = rest.shift()) {
    const [, long, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (long !== undefined) options.set(long, value ?? (LONG_WITH_VALUE.has(long) ? (rest.shift() ?? "") : "true"));
    else if (/^-[a-zA-Z]/.test(word)) readShort(word.slice(1), rest, options);
  }
  return options;
}

/** Letters in one word: `-ydv9`, `-v=9`, `-v 9`. */
function readShort(letters: string, rest: string[], options: Map<string, string>): void {
  const names: Record<string, string> = { d: "debug", j: "json", v: "verbose" };
  for (let at = 0; at < letters.length; at++) {
    const letter = letters.charAt(at);
    const name = names[letter] ?? letter;
    const after = letters.slice(at + 1);
    const takesValue = SHORT_WITH_VALUE.includes(letter);
    if (after.startsWith("=")) return void options.set(name, after.slice(1));
    if (takesValue) return void options.set(name, after === "" ? (rest.shift() ?? "") : after);
    options.set(name, "true");
  }
}

/**
 * @returns the options and variables, as the user would write them, by which seeds get into an output in clear; the
 * values of files and endpoints are left out
 */
export function seedOutputs({ args, env }: EngineProcess): string[] {
  const given = optionsIn(args.slice(1));
  /** Every option of the engine is also a variable, which the command line overrides. */
  const found = (option: string, shows: (value: string) => boolean): string[] => {
    const variable = `PULUMI_OPTION_${option.replaceAll("-", "_").toUpperCase()}`;
    const [name, value] = given.has(option) ? [`--${option}`, given.get(option)] : [variable, env[variable]];
    return value !== undefined && shows(value) ? [name] : [];
  };
  const named = (value: string): boolean => value !== "";
  return [
    ...found("json", isOn),
    ...found("debug", isOn),
    ...found("event-log", named),
    ...found("verbose", (value) => Number(value) >= VERBOSE),
    ...(isOn(env["PULUMI_TRACING_NO_PAYLOADS"]) ? [] : found("tracing", named)),
    ...(named(env["PULUMI_DEBUG_GRPC"] ?? "") ? ["PULUMI_DEBUG_GRPC"] : []),
  ];
}
