/** `bootseed vm approve`: an operator looks at a VM's changed host keys and accepts them. */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline/promises";
import {
  BootseedError,
  type ChangedReport,
  currentOf,
  ed25519SshKey,
  fromHex,
  type Report,
  type Vm,
} from "@bootseed/protocol";
import type { Command } from "commander";
import { withExamples } from "./help.ts";
import { type HostOption, mintOf, withHost } from "./host-option.ts";
import { vmsCalled } from "./listing/fetch.ts";
import { find } from "./select.ts";
import { EX_DATAERR } from "./sysexits.ts";
import { print, printJson, say, type Terminal } from "./terminal.ts";

/** `SHA256:` and base64 without padding, as ssh-keygen -l prints it. @param line `type base64` */
export function fingerprintOf(line: string): string {
  const bytes = Buffer.from(line.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "")}`;
}

const described = (line: string): string => `${fingerprintOf(line)} ${line.split(" ")[0] ?? ""}`;
const utc = (seconds: number): string => `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;

/** Where `vm approve` reads and asks; a test's own in tests. */
export interface ApproveTerminal {
  /** Whether a person can be asked. */
  readonly interactive: boolean;
  /** One line for people. */
  say(line: string): void;
  ask(question: string): Promise<string>;
}

/** Asks on the terminal, by stderr: stdout is for data. */
const realTerminal = (): ApproveTerminal => ({
  interactive: process.stdin.isTTY && process.stderr.isTTY,
  say,
  ask: async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  },
});

/** @throws BootseedError "not-found" where nothing has changed, "usage" for a host that does not tell the changed keys */
function changedOf(vm: Vm): { old: Report; changed: ChangedReport } {
  const { report, changed } = vm;
  if (vm.hostKeysChanged && changed === undefined)
    throw new BootseedError("usage", "this host does not tell the changed keys: it is older than bootseed 0.3");
  if (report === null || changed === undefined || changed === null)
    throw new BootseedError("not-found", `the host keys of ${vm.name} have not changed: there is nothing to approve`);
  return { old: report, changed };
}

function shown(vm: Vm, old: Report, { at, report }: ChangedReport): string[] {
  const signer = `ssh-ed25519 ${Buffer.from(ed25519SshKey(fromHex(report.identityPk, 32))).toString("base64")}`;
  const mark = (line: string): string => (old.hostKeys.includes(line) ? "  (as before)" : "");
  return [
    `${vm.name} has changed its host keys`,
    `accepted, reported ${vm.reportedAt === null ? "before" : utc(vm.reportedAt)}:`,
    ...old.hostKeys.map((line) => `  ${described(line)}${report.hostKeys.includes(line) ? "" : "  (gone)"}`),
    `changed, reported ${utc(at)}:`,
    ...report.hostKeys.map((line) => `  ${described(line)}${mark(line)}`),
    `signed by the identity of the VM's enrolment: ${fingerprintOf(signer)}`,
    `seed ${vm.seedId}, instance ${report.instanceId}, boot ${report.bootId}, verdict ${report.verdict}`,
    "compare them with: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub, on the VM's console",
  ];
}

/** @throws BootseedError "usage" for what is no fingerprint, "mismatch" when it is none of these keys */
function check(candidates: readonly string[], others: readonly string[], given: string): void {
  if (!/^(SHA256:)?[A-Za-z0-9+/]{43}=?$/.test(given))
    throw new BootseedError("usage", `expected a fingerprint as ssh-keygen -l prints it, SHA256:…, got ${given}`);
  const wanted = `SHA256:${given.replace(/^SHA256:/, "").replace(/=$/, "")}`;
  const expected = candidates.map(fingerprintOf);
  if (expected.includes(wanted)) return;
  const why = others.map(fingerprintOf).includes(wanted) ? "is a key of the other set" : "is no key of this VM";
  throw new BootseedError("mismatch", `${wanted} ${why}: nothing was approved; expected one of ${expected.join(", ")}`);
}

export interface ApproveChoice {
  /** Of one of the keys to accept; then nothing is asked. */
  readonly fingerprint?: string | undefined;
  /** Keep the accepted keys, and drop the changed ones. */
  readonly keep?: boolean | undefined;
}

/**
 * Decides which report is to be accepted.
 *
 * @returns the SHA-256 of the report, hexadecimal; null when the answer was no
 * @throws BootseedError "not-found", "usage" (no fingerprint and no terminal), "mismatch"
 */
export async function reportToApprove(
  vm: Vm,
  { fingerprint, keep = false }: ApproveChoice,
  terminal: ApproveTerminal,
): Promise<string | null> {
  const { old, changed } = changedOf(vm);
  if (fingerprint === undefined && !terminal.interactive) {
    const how = `bootseed vm approve ${vm.name} FINGERPRINT, as ssh-keygen -lf shows it on the VM's console`;
    throw new BootseedError("usage", `there is no terminal to ask on: name a key that you saw: ${how}`);
  }
  for (const line of shown(vm, old, changed)) terminal.say(line);
  const without = (keys: readonly string[], others: readonly string[]): readonly string[] => {
    const own = keys.filter((line) => !others.includes(line));
    // A key of both sets says nothing; where keys only went or came, one set has no other.
    return own.length > 0 ? own : keys;
  };
  const sets = [changed.report.hostKeys, old.hostKeys] as const;
  const [wanted, others] = keep ? [sets[1], sets[0]] : sets;
  const sha256 = keep ? vm.reportSha256 : changed.sha256;
  if (sha256 === undefined || sha256 === null) throw new BootseedError("not-found", `${vm.name} has not reported`);
  if (fingerprint !== undefined) {
    check(without(wanted, others), others, fingerprint);
    return sha256;
  }
  const question = keep
    ? "Keep the accepted keys and drop the changed ones? [y/N] "
    : "Accept the changed keys? [y/N] ";
  return /^y(es)?$/i.test((await terminal.ask(question)).trim()) ? sha256 : null;
}

type ApproveOptions = HostOption & { json?: true; keep?: true };

export function addApprove(vm: Command, terminal: Terminal): void {
  withHost(withExamples(vm.command("approve <name> [fingerprint]"), "vm approve"), terminal.env)
    .description(
      "accept the changed host keys of a VM: shows old and new, and asks, or checks the fingerprint of a key",
    )
    .option("--keep", "keep the accepted keys, and drop the changed ones")
    .option("--json", "schema 1: the keys that are accepted now")
    .action(async (name: string, fingerprint: string | undefined, { json, keep, ...host }: ApproveOptions) => {
      const mint = mintOf(host);
      const vms = await vmsCalled(mint, name);
      const one = find(vms, name);
      const same = currentOf(vms).filter((other) => other.name === one.name && other.seedId !== name);
      if (name === one.name && same.length > 1)
        throw new BootseedError(
          "conflict",
          `${same.length} VMs are called ${name}: name one by its seedId: ${same.map(({ seedId }) => seedId).join(", ")}`,
        );
      const report = await reportToApprove(one, { fingerprint, keep }, realTerminal());
      if (report === null) {
        say("nothing was approved");
        terminal.exitCode = EX_DATAERR;
        return;
      }
      const { seedId, hostKeys } = await mint.approve(one.seedId, report);
      if (json) printJson({ schema: 1, seedId, hostKeys });
      else print(`${one.name}: accepted ${hostKeys.map(fingerprintOf).join(", ")}\n`);
    });
}
