/** What the engine says of a run, from its own event log: severity and resource as the engine means them, not as a display shows them. */
import { readFileSync } from "node:fs";

export interface Diagnostic {
  /** The resource's name; empty for one that is about the run. */
  resource: string;
  severity: string;
  message: string;
}

interface EngineEvent {
  diagnosticEvent?: { urn?: string; severity: string; message: string };
}

/** The engine's last word about every run that failed: it adds nothing to the error before it. */
const RUN_FAILED = /^(preview|update) failed$/;

/** What the engine says of plugins on PATH, stand-ins or not, and of the test program's own outputs. */
const NOT_OURS = /^using pulumi-\S+ from \$PATH|^Undefined value \(/;

/** Warnings and errors. @param file what `--event-log FILE` wrote: an event per line */
export function diagnosticsIn(file: string): Diagnostic[] {
  const events = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as EngineEvent);
  return events.flatMap(({ diagnosticEvent: said }) => {
    if (said === undefined || !["warning", "error"].includes(said.severity)) return [];
    const message = said.message.replaceAll(/<\{%.*?%\}>/g, "").trim();
    if (NOT_OURS.test(message)) return [];
    const { urn = "", severity } = said;
    return [
      { resource: urn.includes("pulumi:pulumi:Stack::") ? "" : (urn.split("::").at(-1) ?? ""), severity, message },
    ];
  });
}

export const errorsAmong = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  diagnostics.filter(({ severity, message }) => severity === "error" && !RUN_FAILED.test(message));
