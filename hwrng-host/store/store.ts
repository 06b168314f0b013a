/**
 * What the host remembers, as an interface. It holds no VM's secret: public keys, counters, reports. Times are seconds
 * since 1970. Every method that changes something is one transaction, durable when it returns.
 * Every method throws `HostError` "storage-failed" when the disk is full or broken; nothing half-made stays then.
 */
import type { AddressBook } from "./address-book.ts";
import type { Asker, BindMode, Lifetime, SourceClass, VmState } from "@bootseed/protocol";
import type { BindOptions } from "./created.ts";
import type { HelloLine } from "./hello-plan.ts";
import type { JoinStore } from "./join-store.ts";
import type { PushStore } from "./push-store.ts";
import type { MintClientStore } from "./mint-client-store.ts";
import type { Revisions } from "./revisions.ts";

export type { MintClientRow, MintClientStore, MintRole } from "./mint-client-store.ts";

export type NewSeed = {
  readonly seedId: Uint8Array;
  readonly stack: string;
  readonly urn: string;
  readonly name: string;
  readonly bind: BindMode;
  readonly sourceClass: SourceClass;
  readonly committedAt: number;
  /** Whose quota it counts for; absent: made on this machine, where there is none. */
  readonly client?: string;
};

export type Droplet = { readonly urn: string; readonly instanceId: string; readonly addresses: readonly string[] };

/** The last packet sent to a VM, and what its receipt said. */
export type TopUp = {
  readonly counter: number;
  readonly at: number;
  readonly receiptAt: number | null;
  readonly rcMix: number | null;
  readonly rcReseed: number | null;
};

/** One VM as the mint API shows it. */
export type VmRow = {
  readonly seedId: Uint8Array;
  readonly stack: string;
  readonly urn: string;
  readonly name: string;
  readonly bind: BindMode;
  readonly sourceClass: SourceClass;
  readonly committedAt: number;
  readonly instanceId: string | null;
  readonly addresses: readonly string[];
  readonly state: VmState;
  readonly claimedAt: number | null;
  readonly reportedAt: number | null;
  /** The first accepted report's JSON, byte for byte. */
  readonly reportJson: string | null;
  readonly hostKeysChanged: boolean;
  /** The newest report with other host keys than the accepted ones, byte for byte, until it is approved. */
  readonly changedJson: string | null;
  readonly changedAt: number | null;
  /** Came with a token, so nothing is claimed of its first boot. */
  readonly joined: boolean;
  /** Taken back by its certificate after this database was lost. */
  readonly imported: boolean;
  readonly revokedAt: number | null;
  /** Since when it is known that its counter went back. */
  readonly rolledBackAt: number | null;
  /** Other machines that asked with its seed. */
  readonly askers: readonly Asker[];
  /** Since when its stack says that it has no such machine. */
  readonly goneAt: number | null;
  /** Since when an operator wants it in no list. */
  readonly forgottenAt: number | null;
  readonly lastTopUp: TopUp | null;
  readonly topUps: number;
  /** Serial of the statement that it held at its last packet; null: no packet since the host records it. */
  readonly statementSerial: number | null;
  /** The account that committed its seed. */
  readonly client: string;
  /** Of the machine that was enrolled, 32 bytes. */
  readonly identityPk: Uint8Array | null;
};

/** A VM without its reports' JSON. */
export type VmOutline = Omit<VmRow, "reportJson" | "changedJson">;

/** A VM of a stack as a run of its program needs it. */
export type LiveVm = Lifetime & {
  readonly seedId: Uint8Array;
  readonly name: string;
  /** There is something to warn of. */
  readonly alarmed: boolean;
};

/** The VM of a droplet, and where it was known before if that was elsewhere. */
export type Bound = {
  readonly row: VmRow;
  /** its instance id was not known before */
  readonly isNew: boolean;
  readonly movedFrom: { readonly stack: string; readonly urn: string } | null;
};

export interface SeedStore {
  /** @returns false when this seed was committed before: the first commit stands */
  commit(seed: NewSeed): boolean;
  /** Finds the VM of a droplet that exists (`created.ts`) and brings what is known of it up to date. */
  bindCreated(stack: string, droplet: Droplet, options: BindOptions): Bound | null;
  /** Who has which address in a stack now: for a batch of `bindCreated` in one transaction. */
  addressBook(stack: string): AddressBook;
  /**
   * Marks as gone what this stack has no more: VMs with another instance id, and seeds that no create can be about any longer.
   * @param present instance ids of all its machines
   * @param when `asOf`: when that was true; what was committed later stays
   * @returns those that are newly gone
   */
  markGone(stack: string, present: readonly string[], when: { now: number; asOf: number }): VmRow[];
  /**
   * Marks as gone those of these that the stack still has under that URN, unless a create can still be about the seed.
   * @returns those that are newly gone
   */
  markAbsent(stack: string, vms: readonly { seedId: Uint8Array; urn: string }[], now: number): VmRow[];
  /** A VM was heard of: it is not gone if it was said to be long ago. @returns whether that mark is taken away now */
  heard(seedId: Uint8Array, now: number): boolean;
  /** VMs of a stack that are not gone, oldest first: those that a program made. */
  liveOf(stack: string): LiveVm[];
  /**
   * Takes a VM or an unclaimed seed out of all lists and ends what it is to this host.
   * @param unlessLive not a VM that is enrolled, not gone and not revoked
   */
  forget(seedId: Uint8Array, now: number, unlessLive?: boolean): "forgotten" | "live" | "unknown";
  /** Ends all seeds of a stack that no machine has claimed and that were committed at `before` or earlier. @returns those */
  forgetUnclaimed(stack: string, before: number, now: number): VmRow[];
  all(): VmRow[];
  /** All, in the order of {@link all}, without what is long. */
  outlines(): VmOutline[];
  /** Those of these seeds that are known, in the order of {@link all}. */
  many(seedIds: readonly Uint8Array[]): VmRow[];
  get(seedId: Uint8Array): VmRow | null;
}

export type ClaimInput = {
  readonly seedId: Uint8Array;
  readonly identityPk: Uint8Array;
  readonly instanceId: string;
  readonly instanceHash: Uint8Array;
  /** What the winner gets. */
  readonly certificate: Uint8Array;
  readonly now: number;
};

/** State as in the protocol; `unknown` = no such committed seed. */
export type ClaimOutcome =
  { readonly state: 0; readonly certificate: Uint8Array } | { readonly state: 1 | 2 | 3 | "unknown" | "revoked" };

/**
 * How a claiming machine stands to a seed. `holder`: the machine that won it. `proven`: the same,
 * and a report or hello that it signed was accepted, so it has its certificate and needs no secret. `own`: it has the instance id that the seed is
 * bound to, or would bind it now. `unbound`: that id is not known yet. `other`: the seed is another instance's.
 */
export type ClaimStanding = {
  readonly kind: "unknown" | "revoked" | "holder" | "proven" | "own" | "unbound" | "other";
  /** A machine has won the seed. */
  readonly won: boolean;
  /** None has, and none can any more without an operator: it is too long since the commit. */
  readonly late?: true;
  /** None has, and its stack has said that there is no such machine any more. */
  readonly gone?: true;
};

/** What stays shown until an operator clears it. */
export interface AlarmStore {
  /**
   * Remembers that another machine than the VM asked with the VM's seed, or one that is not yet known to be
   * the VM; writes at most once an hour for each.
   * @param same whether it has the VM's own instance id
   * @returns true the first time, and again after an operator cleared one that is no orphan: it has the VM's own id, or
   * first asked after the VM's report
   */
  asked(input: Pick<ClaimInput, "seedId" | "instanceId" | "now">, same: boolean): boolean;
  /** Whether an operator has cleared this machine. */
  isCleared(seedId: Uint8Array, instanceId: string): boolean;
  /** Remembers that a VM's counter went back. @returns true the first time */
  rolledBack(seedId: Uint8Array, now: number): boolean;
  /** An operator has looked: clears all of this VM. @returns false for an unknown seed */
  acknowledge(seedId: Uint8Array, now: number): boolean;
}

/** What is known of a VM that won its seed. */
export type Enrolment = {
  readonly seedId: Uint8Array;
  readonly identityPk: Uint8Array;
  readonly instanceHash: Uint8Array;
  readonly counter: number;
  /** Highest counter with a valid receipt. */
  readonly receipted: number;
  /** Since when an operator wants nothing more to do with it. */
  readonly revokedAt: number | null;
  /** Since when its stack says that it has no such machine. */
  readonly goneAt: number | null;
};

export type SendInput = {
  readonly seedId: Uint8Array;
  /** SHA-256 of the hello's pkE. */
  readonly pkeHash: Uint8Array;
  readonly lastCounter: number;
  /** Serial of the newest statement that the VM holds, by this hello; absent: the hello is a copy's, and does not count. */
  readonly statementSerial?: number;
  readonly now: number;
};

/** `rolledBack`: the VM's counter is below one it showed or acknowledged: a restored disk or a clone. */
export type SendOutcome =
  | { readonly sent: true; readonly counter: number; readonly rolledBack: boolean }
  | { readonly sent: false; readonly why: "unknown" | "repeated key" | "counter spent" | "quota" };

export type ReceiptInput = {
  readonly seedId: Uint8Array;
  readonly counter: number;
  readonly rcMix: number;
  readonly rcReseed: number;
  readonly now: number;
};

export interface EnrolmentStore {
  /** Where a claim comes from; changes nothing. */
  standing(input: Omit<ClaimInput, "certificate">): ClaimStanding;
  claim(input: ClaimInput): ClaimOutcome;
  get(seedId: Uint8Array): Enrolment | null;
  /** Whose hello it is by its counter; changes nothing. */
  lineOf(input: SendInput): HelloLine;
  /** Whether a send would be allowed now; spends nothing. */
  maySend(input: SendInput): boolean;
  /** Takes the next counter and records the send, or refuses, in one transaction. */
  recordSend(input: SendInput): SendOutcome;
  recordReceipt(input: ReceiptInput): void;
  /** Ends an enrolment for good. @returns false when there is none */
  revoke(seedId: Uint8Array, now: number): boolean;
  /**
   * Takes back a VM that this store does not know, on the strength of its certificate.
   * @returns false when an operator ended its seed
   */
  reimport(
    enrolment: Omit<Enrolment, "counter" | "receipted" | "revokedAt" | "goneAt">,
    certificate: Uint8Array,
    now: number,
  ): boolean;
}

export type ReportInput = {
  readonly seedId: Uint8Array;
  readonly json: string;
  readonly hostKeys: readonly string[];
  readonly now: number;
};

/** `before` and `now` are the JSON of the report that was dropped and of the one that is accepted, for the log. */
export type ApproveOutcome =
  | { readonly outcome: "approved" | "kept"; readonly before: string; readonly now: string }
  | { readonly outcome: "unchanged" }
  | { readonly outcome: "other" };

export interface ReportStore {
  /**
   * `first`: accepted; `same`: nothing new; `changed`: other host keys than the accepted ones, kept apart; `empty`: no
   * host key, so nothing is stored.
   */
  accept(input: ReportInput): "first" | "same" | "changed" | "empty";
  /**
   * Ends the state "changed" with the report that an operator looked at. `approved`: the changed report is accepted now;
   * `kept`: the accepted one stays and the changed one is dropped; `other`: the digest names neither, a newer report has
   * come; `unchanged`: there is no changed report.
   * @param digest SHA-256 of the JSON of the report to trust, hexadecimal
   */
  approve(seedId: Uint8Array, digest: string): ApproveOutcome;
}

export interface Store {
  /** Writes a consistent copy beside the database, 0600, while others write. @returns its path; the caller removes it */
  snapshot(): Promise<string>;
  readonly joins: JoinStore;
  readonly mintClients: MintClientStore;
  readonly push: PushStore;
  /** Somebody will call {@link Store.together} soon: others wait for it, a few milliseconds. @returns ends that */
  enter(): () => void;
  /** Runs `work` in the next transaction, which it shares with others: one sync for many. Durable when it resolves. */
  together<T>(work: () => T): Promise<T>;
  readonly seeds: SeedStore;
  readonly enrolments: EnrolmentStore;
  readonly alarms: AlarmStore;
  readonly reports: ReportStore;
  readonly revisions: Revisions;
  close(): void;
}
