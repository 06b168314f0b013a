/** Test aid: a run of `pulumi up` with a clock of the test's own, against mints in memory. */
import {
  type CommitRequest,
  type CreatedVm,
  ed25519Signer,
  encodeStatement,
  hostIdOf,
  keyPair,
  type ReservationsAnswer,
  toHex,
  type Vm,
} from "@bootseed/protocol";
import { SeedRun } from "../droplet/seed-run.ts";
import type { CreatedDroplet, MintApi } from "../mint-client/client.ts";

export const fill = (bytes: number, value: number): Uint8Array => new Uint8Array(bytes).map((_, i) => value + i);
const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
/** hostId and statement of a host whose root key is made from `value`. */
export function identityOf(value: number): { hostId: Uint8Array; statement: Uint8Array } {
  const root = keyPair("ed25519", fill(32, value));
  const hostId = hostIdOf(root.publicKey);
  const packetPk = keyPair("ed25519", fill(32, 2)).publicKey;
  const fields = { hostId, serial: 1, rootAlg: 1 as const, rootPk: root.publicKey, packetPk, intervalMs: 1 };
  return { hostId, statement: encodeStatement({ ...fields, pins: [], addresses: [] }, ed25519Signer(root.privateKey)) };
}
export const hostId: Uint8Array = identityOf(1).hostId;
export const SEED_ID: string = "ab".repeat(16);
export const web: CreatedDroplet & { name: string } = {
  urn: "urn:web",
  name: "web",
  instanceId: "100",
  addresses: ["192.0.2.7"],
};
export const noVm: CreatedVm = { urn: "urn:web", instanceId: "100", seedId: SEED_ID, state: "committed", report: null };

/** A mint in memory; each test replaces the answer that it is about. */
export class Mint implements MintApi {
  pool: Uint8Array = fill(64, 3);
  asked: string[] = [];
  commits: CommitRequest[] = [];
  answers: (CreatedVm | Error)[] = [];
  known: Vm[] = [];
  /** What it knows under a URN; undefined: it is older. */
  vmOf: (urn: string) => ReservationsAnswer["reservations"][number]["vm"] = () => undefined;
  says: Partial<ReservationsAnswer> = {};
  failReserve: Error | undefined;
  failCommit: Error | undefined;
  readonly #identity: ReturnType<typeof identityOf>;

  constructor(root = 1) {
    this.#identity = identityOf(root);
  }

  async reserve(_stack: string, urns: readonly string[]): Promise<ReservationsAnswer> {
    this.asked.push(`reserve ${urns.length}`);
    if (this.failReserve) throw this.failReserve;
    const secrets = { pool: b64(this.pool), claimKey: b64(fill(32, 4)), psk0: b64(fill(32, 5)) };
    const reservations = urns.map((urn) => ({ urn, seedId: SEED_ID, token: "t", ...secrets, vm: this.vmOf(urn) }));
    const { hostId: id, statement } = this.#identity;
    return { hostId: toHex(id), statement: b64(statement), sourceClass: "chained", reservations, ...this.says };
  }
  async commit(_seedId: string, request: CommitRequest): Promise<void> {
    if (this.failCommit) throw this.failCommit;
    this.commits.push(request);
  }
  async created(_stack: string, droplets: readonly CreatedDroplet[]): Promise<CreatedVm[]> {
    this.asked.push(`created ${droplets.length}`);
    const answer = this.answers.shift() ?? noVm;
    if (answer instanceof Error) throw answer;
    return droplets.map((droplet) => ({ ...answer, urn: droplet.urn, instanceId: droplet.instanceId }));
  }
  async absent(_stack: string, vms: readonly { urn: string }[]): Promise<void> {
    this.asked.push(`absent ${vms.map(({ urn }) => urn).join(" ")}`);
  }
  async vms(): Promise<Vm[]> {
    this.asked.push("vms");
    return this.known;
  }
}

export function open(
  mint: Mint,
  other?: Mint,
  minHosts = 1,
): { run: SeedRun; warnings: string[]; clock: { ms: number } } {
  const warnings: string[] = [];
  const clock = { ms: 1_767_225_700_000 };
  const sleep = async (ms: number): Promise<void> => void (clock.ms += ms);
  const warn = (message: string): void => void warnings.push(message);
  const hosts = [{ host: "unix:///h", client: mint }, ...(other ? [{ host: "unix:///other", client: other }] : [])];
  const run = new SeedRun({ hosts, minHosts, stack: "o/p/s", warn, now: () => clock.ms, sleep });
  return { run, warnings, clock };
}
