/** The report of a machine that joined: its SSH host keys, signed by identity and host keys (docs/protocol.md, Report). */
import {
  concat,
  dearmorSshsig,
  HOST_KEY_NAMESPACE,
  lp,
  REPORT_NAMESPACE,
  type Statement,
  toHex,
  u32be,
  u8,
  utf8,
} from "@bootseed/protocol";
import { findHostKeys, signByHostKey } from "./host-keys.ts";
import type { HostFolder } from "./host-folder.ts";
import { type Machine, sshKeygen } from "./machine.ts";
import { request } from "./request.ts";
import { Refusal } from "./refusal.ts";
import { VERSION } from "./version.ts";
import type { World } from "./world.ts";

const MAX_HOST_KEYS = 8;

export interface ReportFacts {
  /** SSH host keys that were there before this machine's generator was reseeded for it. */
  readonly hostKeysBefore: number;
  readonly rcMix: number;
  readonly rcReseed: number;
}

const printable = (remarks: readonly string[]): string[] =>
  remarks.slice(0, 16).map((remark) => remark.replaceAll(/[^ -~]/g, "?").slice(0, 255));

/** Sends the report, to `address` in place of the statement's where there is one. @throws Refusal when the host does not take it, "unreachable" when none answers */
export async function sendReport(
  world: World,
  machine: Machine,
  folder: HostFolder,
  facts: ReportFacts,
  address?: string,
): Promise<void> {
  const { seedId, identityPk } = folder.certificate();
  const { keys, remarks } = findHostKeys(machine);
  for (const file of [...keys.keys()].slice(MAX_HOST_KEYS)) {
    keys.delete(file);
    remarks.push(`${file}: over ${MAX_HOST_KEYS} keys`);
  }
  for (const remark of remarks) world.say(remark);
  // Accepted as the first, a report without a key would make the real ones "changed".
  if (keys.size === 0) {
    const fix = "start sshd once, or use --new-host-keys";
    throw new Refusal("no-host-key", `there is no usable SSH host key to report: ${fix}`);
  }
  const known = machine.verdict();
  if (machine.hasDamagedVerdict()) world.say("verdict.json is damaged: the report says `no-seed`");
  const evidence = { ...facts, ...machine.generator(), timeline: [], ...(known?.["evidence"] as object | undefined) };
  const document = {
    hostId: toHex(folder.hostId),
    seedId: toHex(seedId),
    identityPk: toHex(identityPk),
    instanceId: machine.instanceId(),
    bootId: known?.["bootId"] ?? machine.bootId(),
    // Without a first boot with the kit nothing is claimed about what was there before.
    verdict: known?.["verdict"] ?? "no-seed",
    evidence: { ...evidence, gate: machine.gate(), ...(remarks.length === 0 ? {} : { remarks: printable(remarks) }) },
    hostKeys: [...keys.values()],
    // The fields are the kit's; what runs is said in their values.
    versions: { kit: `agent ${VERSION}`, python: `node ${process.versions.node}` },
  };
  const json = utf8(JSON.stringify(document));
  const sign = (key: string, namespace: string): Uint8Array =>
    lp(dearmorSshsig(sshKeygen(["-Y", "sign", "-q", "-n", namespace, "-f", key], json).toString("latin1")));
  const identitySig = sign(machine.at(`${folder.path}/identity`), REPORT_NAMESPACE);
  const hostKeySigs = [...keys].map(([file, line]) =>
    lp(dearmorSshsig(signByHostKey(file, line, HOST_KEY_NAMESPACE, json))),
  );
  const source = {
    hostId: folder.hostId,
    statement: () => folder.statement(),
    keepStatement: (statement: Statement) => folder.keepStatement(statement),
    ...(address === undefined ? {} : { addresses: () => [address] }),
  };
  const message = concat(u32be(json.length), json, identitySig, u8(keys.size), ...hostKeySigs);
  const { status } = await request(world, source, "/v1/reports", () => message, false);
  if (status !== 204) throw new Refusal(`http-${status}`, `the host did not take the report: it answered ${status}`);
}
