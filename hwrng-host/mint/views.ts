/** What the store knows, as the mint API shows it. */
import {
  type Contest,
  type CreatedVm,
  type Report,
  reportSchema,
  type SourceStatus,
  toHex,
  type Vm,
} from "@bootseed/protocol";
import type { SourceState } from "../sources/assessed-source.ts";
import type { VmRow } from "../store/store.ts";

/** @param contested names and addresses that other VMs have, too */
export function vmView(row: VmRow, contested: readonly Contest[] = []): Vm {
  const { seedId, reportJson, client: _client, identityPk: _identityPk, ...rest } = row;
  return { ...rest, seedId: toHex(seedId), report: reportView(reportJson), contested };
}

/** What speaks against a VM; empty where nothing does. */
export function alarmsView({ rolledBackAt, askers }: VmRow): Pick<CreatedVm, "rolledBackAt" | "askers"> {
  return { ...(rolledBackAt === null ? {} : { rolledBackAt }), ...(askers.length === 0 ? {} : { askers }) };
}

/** The first accepted report; it was checked when it came. */
export function reportView(json: string | null): Report | null {
  return json === null ? null : reportSchema.parse(JSON.parse(json));
}

export function sourceView(state: SourceState): SourceStatus {
  return { ...state, class: state.class ?? "chained", identity: state.identity ?? "unknown" };
}
