import { describe, expect, it } from "vitest";
import { seedOutputs } from "./seed-outputs.ts";

/** Options of `pulumi up --remote` that take a value. */
const REMOTE =
  `agent-pool-id env env-secret executor-image executor-image-password executor-image-username git-auth-access-token
  git-auth-password git-auth-ssh-private-key git-auth-ssh-private-key-path git-auth-username git-branch git-commit
  git-repo-dir pre-run-command`.split(/\s+/);

const shown = (line: string, env: Record<string, string> = {}): string =>
  seedOutputs({ args: ["/usr/bin/pulumi", ...line.split(" ")], env }).join(" ");

describe("seedOutputs", () => {
  it.each([
    ["up --json", "--json"],
    ["up --yes --json=true", "--json"],
    ["up -j", "--json"],
    ["up -yfj", "--json"],
    ["up --debug", "--debug"],
    ["up -d", "--debug"],
    ["up -ydf", "--debug"],
    ["up --event-log /tmp/events", "--event-log"],
    ["up --event-log=tcp://127.0.0.1:4000", "--event-log"],
    ["up --verbose 3", "--verbose"],
    ["up --verbose=9 --logtostderr", "--verbose"],
    ["-v7 up", "--verbose"],
    ["up -v 9", "--verbose"],
    ["up -v=9", "--verbose"],
    ["up -yv9", "--verbose"],
    ["up -ydv=11", "--debug --verbose"],
    ["up --tracing file:/tmp/trace", "--tracing"],
    ["up --json --debug", "--json --debug"],
    ["up --attach-debugger --json", "--json"],
    ["up --attach-debugger=plugins --debug", "--debug"],
    ["up --refresh --json", "--json"],
    ["up -r --json", "--json"],
    ["up -r -d", "--debug"],
    ["up --suppress-permalink --json", "--json"],
    ["up --tracing-header --json --debug", "--debug"],
  ])("names the option in pulumi %s", (line, expected) => {
    expect(shown(line)).toBe(expected);
  });

  it.each([
    "up",
    "up --yes --diff --logtostderr --logflow",
    "up --json=false --debug=0",
    "up -v2 --verbose=1",
    "up -m --json",
    "up --message --debug",
    "up -mdj",
    "up -C -d",
    "up --stack=--json -s dev",
    "up --jsonx --debugger",
    "up -- --json -d",
    "up --tracing-header --json",
    // A summary of one line, without diagnostics.
    "up --output json",
    "up --override-env -d",
    "up --otel-traces --json --policy-pack-config --debug",
    ...REMOTE.map((option) => `up --remote-${option} --json`),
  ])("finds nothing in pulumi %s", (line) => {
    expect(shown(line)).toBe("");
  });

  it.each([
    ["PULUMI_OPTION_JSON", "true"],
    ["PULUMI_OPTION_DEBUG", "1"],
    ["PULUMI_OPTION_EVENT_LOG", "/tmp/events"],
    ["PULUMI_OPTION_VERBOSE", "3"],
    ["PULUMI_OPTION_TRACING", "file:/tmp/trace"],
    ["PULUMI_DEBUG_GRPC", "/tmp/grpc.json"],
  ])("names the variable %s=%s", (name, value) => {
    expect(shown("up", { [name]: value })).toBe(name);
    expect(shown("up", { [name]: "" })).toBe("");
  });

  it("lets the command line override a variable, and tracing be without payloads", () => {
    expect(shown("up --debug=false", { PULUMI_OPTION_DEBUG: "true" })).toBe("");
    expect(shown("up -v1", { PULUMI_OPTION_VERBOSE: "9" })).toBe("");
    expect(shown("up --tracing file:/t", { PULUMI_TRACING_NO_PAYLOADS: "true" })).toBe("");
  });
});
