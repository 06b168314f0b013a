/** Which machines exist: what a stack's program, its state, or an operator says of VMs. */
import {
  type AbsentRequest,
  absentRequestSchema,
  type CreatedAnswer,
  type CreatedRequest,
  type CreatedVm,
  createdRequestSchema,
  fromHex,
  type PresentAnswer,
  type PresentRequest,
  presentRequestSchema,
  toHex,
} from "@bootseed/protocol";
import { Hono } from "hono";
import type { HostContext, Log } from "../host-context.ts";
import type { AddressBook } from "../store/address-book.ts";
import type { Bound, VmRow } from "../store/store.ts";
import { WHY } from "../guests/notices.ts";
import { body } from "./body.ts";
import { accountsOf } from "./accounts.ts";
import { type Caller, callerOf, ownsStack, requireStack } from "./caller.ts";
import { forgetRoutes } from "./forget.ts";
import { alarmsView, reportView } from "./views.ts";

/** Routes below the mint's root. */
export function machineRoutes(context: HostContext): Hono {
  const app = new Hono();
  app.post("/v1/created", async (c) =>
    Response.json(await created(context, await body(c, createdRequestSchema), callerOf(c))),
  );
  app.post("/v1/present", async (c) =>
    Response.json(present(context, await body(c, presentRequestSchema), callerOf(c))),
  );
  app.post("/v1/absent", async (c) => Response.json(absent(context, await body(c, absentRequestSchema), callerOf(c))));
  app.route("/", forgetRoutes(context));
  return app;
}

type Droplet = CreatedRequest["droplets"][number];

/** One and the same droplet: a program's batch may name it twice, and each entry is answered. */
const keyOf = ({ urn, instanceId }: Droplet): string => JSON.stringify([urn, instanceId]);

/** All droplets in one transaction: 10,000 syncs to disk, one after the other, would stop all other answers. */
async function created(
  { store, log, notices, now }: HostContext,
  { stack, droplets }: CreatedRequest,
  caller: Caller,
): Promise<CreatedAnswer> {
  requireStack(caller, stack);
  // A VM that was moved is taken along only by a caller who may touch the stack that it comes from, too.
  const options = {
    mayTouch: (other: string) => ownsStack(caller, other),
    takesAddresses: caller.role === "admin",
    account: caller.account,
    ...accountsOf(store.mintClients.all(), caller),
    now: now(),
  };
  const told = new Map(droplets.map((droplet) => [keyOf(droplet), droplet]));
  const found = await store.together(() => {
    let read: AddressBook | undefined;
    const book = (): AddressBook => (read ??= store.seeds.addressBook(stack));
    const bind = (droplet: Droplet): Bound | null => store.seeds.bindCreated(stack, droplet, { ...options, book });
    return new Map([...told].map(([key, droplet]) => [key, bind(droplet)]));
  });
  for (const bound of found.values()) {
    // Now it is known which of the machines that asked is not the VM.
    if (bound?.isNew === true)
      for (const { instanceId } of bound.row.askers) notices.machine(bound.row.seedId, instanceId, WHY.other);
    if (bound?.movedFrom == null) continue;
    const { row, movedFrom: from } = bound;
    log.warn(
      { client: caller.name, seedId: toHex(row.seedId), from, to: { stack: row.stack, urn: row.urn } },
      "VM moved",
    );
  }
  return { vms: droplets.map((droplet) => vmOf(droplet, found.get(keyOf(droplet))?.row ?? null)) };
}

const vmOf = ({ urn, instanceId }: Droplet, row: VmRow | null): CreatedVm => ({
  urn,
  instanceId,
  seedId: row === null ? null : toHex(row.seedId),
  state: row?.state ?? null,
  report: reportView(row?.reportJson ?? null),
  ...(row === null ? {} : alarmsView(row)),
});

function present({ store, log, now }: HostContext, request: PresentRequest, caller: Caller): PresentAnswer {
  const { stack, instanceIds, asOf } = request;
  requireStack(caller, stack);
  const gone = store.seeds.markGone(stack, instanceIds, { now: now(), asOf: asOf ?? now() });
  return goneAnswer(log, caller, stack, gone);
}

function absent({ store, log, now }: HostContext, { stack, vms }: AbsentRequest, caller: Caller): PresentAnswer {
  requireStack(caller, stack);
  const named = vms.map(({ seedId, urn }) => ({ seedId: fromHex(seedId, 16), urn }));
  return goneAnswer(log, caller, stack, store.seeds.markAbsent(stack, named, now()));
}

function goneAnswer(log: Log, caller: Caller, stack: string, rows: readonly VmRow[]): PresentAnswer {
  const vms = rows.map(({ seedId, name, instanceId }) => ({ seedId: toHex(seedId), name, instanceId }));
  if (vms.length > 0) log.warn({ client: caller.name, stack, vms }, "VMs gone");
  return { gone: vms };
}
