/** The query of `GET /v1/vms`: strict, as all requests are. */
import { dependsOnTime, LISTED_STATES, MAX_FILTER_HOSTS, MAX_PAGE_VMS, type VmFilter } from "@bootseed/protocol";
import { z } from "zod";
import { EXIT, HostError } from "../host-error.ts";

export interface VmsQuery {
  readonly filter: VmFilter;
  /** A revision as an earlier answer named it: only what changed since. */
  readonly since: string | undefined;
  /** Where the page before ended. */
  readonly after: string | undefined;
  readonly limit: number | undefined;
  /** Without host keys: the longest part of a VM. */
  readonly withoutKeys: boolean;
}

const MAX_PATTERN_CHARS = 256;
const pattern = z.string().min(1).max(MAX_PATTERN_CHARS).optional();
const yes = z.literal("yes").optional();
const seconds = z
  .string()
  .regex(/^\d{1,10}$/, "expected seconds")
  .transform(Number)
  .optional();

const QUERY = z.strictObject({
  stack: pattern,
  name: pattern,
  client: pattern,
  state: z.array(z.enum(LISTED_STATES)).optional(),
  host: z.array(z.string().min(1).max(MAX_PATTERN_CHARS)).max(MAX_FILTER_HOSTS).optional(),
  olderThan: seconds,
  stale: yes,
  forgotten: yes,
  since: z.string().max(64).optional(),
  after: z
    .string()
    .regex(/^\d{1,15}\.[0-9a-f]{32}$/, "expected what `next` of an answer was")
    .optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_VMS).optional(),
  keys: z.literal("no").optional(),
});

const LISTS: ReadonlySet<string> = new Set(["state", "host"]);

/** @throws HostError "malformed" for a parameter that is unknown, or not what it has to be */
export function vmsQuery(query: URLSearchParams): VmsQuery {
  const given = Object.fromEntries(
    [...new Set(query.keys())].map((key) => {
      const values = query.getAll(key);
      return [key, LISTS.has(key) ? values : values.length === 1 ? values[0] : values];
    }),
  );
  const parsed = QUERY.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refusal(`the query is refused at "${issue?.path.join(".") ?? ""}": ${issue?.message ?? ""}`);
  }
  const { since, after, limit, keys, ...rest } = parsed.data;
  const filter: VmFilter = {
    stack: rest.stack,
    name: rest.name,
    client: rest.client,
    states: rest.state,
    hosts: rest.host,
    olderThanSeconds: rest.olderThan,
    stale: rest.stale === "yes",
    forgotten: rest.forgotten === "yes",
  };
  if (since !== undefined && dependsOnTime(filter))
    throw refusal("since with stale or olderThan: what passes with time alone is no change");
  return { filter, since, after, limit, withoutKeys: keys === "no" };
}

const refusal = (message: string): HostError =>
  new HostError("malformed", message, "see docs/protocol.md, Mint", EXIT.usage);
