/** `doctor`: what is wrong here, why, and what to do. It changes nothing. */
import { EXIT } from "../exit.ts";
import { hostChecks } from "../doctor/hosts.ts";
import { machineChecks } from "../doctor/machine.ts";
import type { Check } from "../doctor/check.ts";
import { parseOptions } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import { allHosts } from "./status.ts";
import type { Context } from "./context.ts";

const MARKS: Record<Check["verdict"], string> = { ok: "ok  ", warn: "warn", bad: "BAD " };

/** @returns 0, or 69 when something is bad: warnings do not fail */
export function doctor(context: Context, args: string[]): number {
  parseOptions(args, {});
  const hosts = allHosts(context.world);
  const checks = [...machineChecks(context.machine), ...hostChecks(hosts, context.world.nowMs())];
  const bad = checks.some(({ verdict }) => verdict === "bad");
  if (context.json) printJson({ ok: !bad, checks });
  else {
    printLines(
      checks.flatMap(({ verdict, name, why, fix }) => [
        `${MARKS[verdict]} ${name}: ${why}`,
        ...(fix === undefined ? [] : [`     -> ${fix}`]),
      ]),
    );
  }
  return bad ? EXIT.unavailable : EXIT.ok;
}
