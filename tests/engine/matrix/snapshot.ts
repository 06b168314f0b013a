/** What there is at one moment at the cloud, at the host and in the state of every stack. */
import type { Vm } from "@bootseed/protocol";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TinyDroplet } from "../tiny-api.ts";

/** A droplet, or the report that belongs to it, as a stack knows it. */
export interface Known {
  /** The stack's own name, without organisation and project. */
  readonly stack: string;
  /** The droplet's name in the program. */
  readonly name: string;
  /** `doomed` is a droplet that was replaced, which the stack has still to delete. */
  readonly kind: "droplet" | "doomed" | "report";
  readonly id: string;
  /** Inputs or, for a report, outputs, without what is encrypted. */
  readonly shown: string;
}

export interface Snapshot {
  readonly cloud: ReadonlyMap<number, TinyDroplet>;
  /** By seed id. */
  readonly host: ReadonlyMap<string, Vm>;
  readonly known: readonly Known[];
}

interface Resource {
  readonly urn: string;
  readonly id?: string;
  readonly delete?: boolean;
  readonly inputs?: unknown;
  readonly outputs?: unknown;
}

/** The engine marks an encrypted value with this key. */
const SECRET = "4dabf18193072939515e22adb298388d";
const KINDS = {
  "digitalocean:index/droplet:Droplet": "droplet",
  "pulumi:index:Stash": "report",
} as const satisfies Record<string, Known["kind"]>;

const withoutSecrets = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && SECRET in inner ? "secret" : inner,
  );

function knownOf(stack: string, { urn, id, delete: doomed, inputs, outputs }: Resource): Known[] {
  const [type = "", name = ""] = urn.split("::").slice(-2);
  const own = type.split("$").at(-1) ?? "";
  if (!Object.hasOwn(KINDS, own)) return [];
  const kind = doomed === true ? "doomed" : KINDS[own as keyof typeof KINDS];
  if (kind === "doomed" && KINDS[own as keyof typeof KINDS] === "report") return [];
  const shown = withoutSecrets(kind === "report" ? outputs : inputs);
  return [{ stack, kind, id: id ?? "", name: kind === "report" ? name.replace(/-report$/, "") : name, shown }];
}

/** Reads the file backend itself: `pulumi stack export` takes a second, and a lock must not be in the way. @param dir the backend */
export function knownIn(dir: string): Known[] {
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter(
    ({ name, parentPath }) => /[/\\]stacks([/\\]|$)/.test(parentPath) && name.endsWith(".json"),
  );
  return files.flatMap(({ name, parentPath }) => {
    const { checkpoint } = JSON.parse(readFileSync(join(parentPath, name), "utf8")) as {
      checkpoint: { latest?: { resources?: Resource[] } };
    };
    return (checkpoint.latest?.resources ?? []).flatMap((one) => knownOf(name.replace(/\.json$/, ""), one));
  });
}
