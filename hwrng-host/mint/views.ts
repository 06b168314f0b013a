/** What the store knows, as the mint API shows it. */
import {
  type ChangedReport,
  type Contest,
  type CreatedVm,
  type Report,
  reportSchema,
  type SourceStatus,
  toHex,
  type Vm,
} from "@bootseed/protocol";
import type { SourceState } from "../sources/assessed-source.ts";
import { reportDigest } from "../store/reports.ts";
import type { VmRow } from "../store/store.ts";

/** @param contested names and addresses that other VMs have, too */
export function vmView(row: VmRow, contested: readonly Contest[] = []): Vm {
  const { seedId, reportJson, changedJson, changedAt, ...others } = row;
  const { forgottenAt, client: _client, identityPk: _identityPk, ...rest } = others;
  return {
    ...rest,
    ...(forgottenAt === null ? {} : { forgottenAt }),
    seedId: toHex(seedId),
    report: reportView(reportJson),
    reportSha256: reportJson === null ? null : reportDigest(reportJson),
    changed: changedView(changedJson, changedAt),
    contested,
  };
}

/** What speaks against a VM; empty where nothing does. */
export function alarmsView({ rolledBackAt, askers }: VmRow): Pick<CreatedVm, "rolledBackAt" | "askers"> {
  return { ...(rolledBackAt === null ? {} : { rolledBackAt }), ...(askers.length === 0 ? {} : { askers }) };
}

function changedView(json: string | null, at: number | null): ChangedReport | null {
  const report = reportView(json);
  return json === null || at === null || report === null ? null : { at, sha256: reportDigest(json), report };
}

/** The accepted report; it was checked when it came. */
export function reportView(json: string | null): Report | null {
  return json === null ? null : reportSchema.parse(JSON.parse(json));
}

export function sourceView(state: SourceState): SourceStatus {
  return { ...state, class: state.class ?? "chained", identity: state.identity ?? "unknown" };
}
