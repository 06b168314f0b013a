/** `status`: the kit's document and more, without touching anything. */
import { toHex } from "@bootseed/protocol";
import { EXIT } from "../exit.ts";
import { type HostFolder, hostFolders } from "../host-folder.ts";
import { STATE_DIR } from "../machine.ts";
import { parseOptions } from "../options.ts";
import { printJson, printLines } from "../output.ts";
import { VERSION } from "../version.ts";
import type { World } from "../world.ts";
import type { Context } from "./context.ts";
import { onlyLooking, unless } from "./look.ts";

/** Of one host; `damaged` names what a top-up would put aside, and what an enrolment left and is gone. */
export interface HostStatus {
  readonly enrolled: boolean;
  readonly topUp: Record<string, unknown>;
  readonly counter: number;
  readonly seedId: string | null;
  readonly serial: number | null;
  readonly intervalMs: number | null;
  readonly addresses: readonly string[];
  /** milliseconds since 1970 */
  readonly lastAt: number | null;
  /** when its certificate was written, milliseconds since 1970 */
  readonly enrolledAt: number | null;
  readonly due: boolean;
  readonly damaged: readonly string[];
  /** Not null: the enrolment is of another instance, whose hash begins like this, and nothing is done for it. */
  readonly otherInstance: string | null;
}

export function status(context: Context, args: string[]): number {
  parseOptions(args, {});
  const { machine, world } = context;
  const hosts = Object.fromEntries(allHosts(world));
  const verdict = machine.verdict();
  if (context.json) {
    printJson({ agent: VERSION, gate: machine.gate(), hosts, ...verdict });
    return EXIT.ok;
  }
  const word = typeof verdict?.["verdict"] === "string" ? verdict["verdict"] : "none (no first boot of the kit here)";
  const lines = Object.entries(hosts).flatMap(([hostId, host]) => told(hostId, host));
  printLines([`first boot: ${word}, gate ${machine.gate()}`, ...(lines.length === 0 ? ["no host"] : lines)]);
  return EXIT.ok;
}

export function allHosts(world: World): [string, HostStatus][] {
  const aside: string[] = [];
  const watching = onlyLooking(world, (path) => aside.push(path));
  return hostFolders(watching, STATE_DIR).map((folder) => {
    const { lost, ...read } = hostStatus(watching, folder);
    const damaged = aside
      .filter((path) => path.startsWith(folder.path))
      .map((path) => path.slice(folder.path.length + 1));
    return [toHex(folder.hostId), { ...read, damaged: [...new Set([...damaged, ...lost])] }];
  });
}

function hostStatus(world: World, folder: HostFolder): Omit<HostStatus, "damaged"> & { readonly lost: string[] } {
  const statement = unless(() => folder.statement(), null);
  const enrolled = unless(() => folder.enrolled, true);
  const lost = enrolled ? (["psk", "identity"] as const).filter((name) => unless(() => !folder[name](), true)) : [];
  return {
    enrolled,
    lost,
    otherInstance: unless(() => folder.otherInstance(), null),
    topUp: unless(() => folder.notes(), {}),
    counter: unless(() => folder.counter(), 0),
    seedId: enrolled ? unless(() => toHex(folder.certificate().seedId), null) : null,
    serial: statement?.serial ?? null,
    intervalMs: statement?.intervalMs ?? null,
    addresses: statement?.addresses ?? [],
    lastAt: world.disk.modifiedMs(`${folder.path}/counter`),
    enrolledAt: enrolled ? world.disk.modifiedMs(`${folder.path}/certificate`) : null,
    due: unless(() => folder.due(), true),
  };
}

function told(hostId: string, host: HostStatus): string[] {
  const { last, ...refusals } = host.topUp;
  const when = host.lastAt === null ? "never" : new Date(host.lastAt).toISOString();
  const counts = Object.entries(refusals).map(([code, count]) => `  refused ${code}: ${JSON.stringify(count)}`);
  const damage = host.damaged.map((code) => `  damaged: ${code}`);
  return [
    ...(host.otherInstance === null ? [] : [`host ${hostId}: enrolment of another instance (${host.otherInstance}…)`]),
    `host ${hostId}: ${host.enrolled ? "enrolled" : "not enrolled"}, at ${host.addresses.join(", ") || "no address"}`,
    `  last delivery: ${when}, number ${host.counter}${last === undefined ? "" : `, ${JSON.stringify(last)}`}`,
    ...counts,
    ...damage,
  ];
}
