/** `GET /v1/vms`: what this host knows of its VMs, all or those that a client asks for. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import {
  type Contest,
  dependsOnTime,
  filterVms,
  type Holder,
  toHex,
  type Vm,
  type VmsAnswer,
} from "@bootseed/protocol";
import { type Context, Hono } from "hono";
import type { HostContext } from "../host-context.ts";
import { type Caller, callerOf, ownsStack } from "./caller.ts";
import { type Catalogue, catalogueOf, type Contents, type Listed } from "./catalogue.ts";
import { vmView } from "./views.ts";
import { type VmsQuery, vmsQuery } from "./vms-query.ts";

/** Below this, compression saves no packet. */
const GZIP_FROM_BYTES = 1400;

/** Routes below the mint's root. */
export function vmsRoutes(context: HostContext): Hono {
  const app = new Hono();
  app.get("/v1/vms", async (c) => send(c, list(context, callerOf(c), vmsQuery(new URL(c.req.url).searchParams))));
  return app;
}

/** Rights come first: a filter, a count and a page see nothing that the client may not see. */
function list(context: HostContext, caller: Caller, query: VmsQuery): VmsAnswer {
  const catalogue = catalogueOf(context.store);
  const contents = catalogue.read();
  const { filter } = query;
  const clock = { now: context.now(), intervalMs: context.identity.statement.intervalMs };
  const maySee = (stack: string): boolean => ownsStack(caller, stack);
  // An account may be another team's CI job: only an admin sees the accounts of other clients.
  const maySeeMinter = ({ account }: Listed): boolean => caller.role === "admin" || account === caller.account;
  const visible = contents.vms
    .filter(({ stack }) => maySee(stack))
    .map((vm) => (maySeeMinter(vm) ? vm : { ...vm, client: null }));
  const found = filterVms(visible, filter, clock);
  const all = filter.forgotten === true ? found : filterVms(visible, { ...filter, forgotten: true }, clock);
  const changed = changedOf(catalogue, caller, query);
  const wanted = changed === null ? found : found.filter(({ seedId }) => changed.has(toHex(seedId)));
  const { page, next } = pageOf(wanted, query);
  return {
    schema: 1,
    vms: viewsOf(context, page, { contents, maySee, query }),
    ...clock,
    // A filter that depends on time has no revision from which to go on.
    ...(dependsOnTime(filter) ? {} : { revision: catalogue.nameOf(contents.revision, caller.stacks) }),
    partial: changed !== null,
    total: found.length,
    forgotten: all.filter(({ forgottenAt }) => forgottenAt !== null).length,
    next,
  };
}

/** @returns null where all has to be sent */
function changedOf(catalogue: Catalogue, { stacks }: Caller, { since }: VmsQuery): Set<string> | null {
  const revision = since === undefined ? null : catalogue.revisionOf(since, stacks);
  return revision === null ? null : catalogue.changedSince(revision);
}

const placeOf = ({ committedAt, seedId }: Listed): string => `${committedAt}.${toHex(seedId)}`;

/** By a place that no change moves: the time of its commit, and its seedId. */
function pageOf(vms: readonly Listed[], { after, limit }: VmsQuery): { page: readonly Listed[]; next: string | null } {
  const [time = 0, seedId = ""] = after === undefined ? [] : [Number(after.split(".")[0]), after.split(".")[1]];
  const isAfter = (vm: Listed): boolean =>
    vm.committedAt > time || (vm.committedAt === time && toHex(vm.seedId) > seedId);
  const rest = after === undefined ? vms : vms.filter(isAfter);
  const page = limit === undefined ? rest : rest.slice(0, limit);
  const last = page.at(-1);
  return { page, next: last === undefined || page.length === rest.length ? null : placeOf(last) };
}

type Shown = { readonly contents: Contents; readonly maySee: (stack: string) => boolean; readonly query: VmsQuery };

function viewsOf({ store }: HostContext, page: readonly Listed[], { contents, maySee, query }: Shown): Vm[] {
  const clients = new Map(page.map(({ seedId, client }) => [toHex(seedId), client]));
  return store.seeds.many(page.map(({ seedId }) => seedId)).map((row) => {
    const id = toHex(row.seedId);
    const contested = (contents.contests.get(id) ?? []).map((contest) => masked(contest, maySee));
    const vm = { ...vmView(row, contested), client: clients.get(id) ?? null };
    return query.withoutKeys ? withoutKeys(vm) : vm;
  });
}

/** Of a VM that the client may not see it learns that there is one, and whether it joined. */
function masked(contest: Contest, maySee: (stack: string) => boolean): Contest {
  const mask = (holder: Holder): Holder =>
    maySee(holder.stack ?? "") ? holder : { name: null, stack: null, seedId: null, joined: holder.joined, since: null };
  return { ...contest, others: contest.others.map(mask) };
}

function withoutKeys(vm: Vm): Vm {
  const { report, changed } = vm;
  return {
    ...vm,
    report: report === null ? null : { ...report, hostKeys: [] },
    ...(changed === null || changed === undefined
      ? {}
      : { changed: { ...changed, report: { ...changed.report, hostKeys: [] } } }),
  };
}

const compress = promisify(gzip);

/** Compressed where the client takes it: nothing in it is secret, so its length may tell what it tells. */
async function send(c: Context, answer: VmsAnswer): Promise<Response> {
  const text = JSON.stringify(answer);
  const takes = /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
  if (!takes || text.length < GZIP_FROM_BYTES) return new Response(text, { headers: JSON_HEADERS });
  const packed = await compress(text, { level: 4 });
  return new Response(packed, { headers: { ...JSON_HEADERS, "content-encoding": "gzip" } });
}

const JSON_HEADERS = { "content-type": "application/json" };
