/**
 * A fake of the host's mint, for failures that a real host does not make on demand: it answers the mint API on a unix
 * socket from memory. Its seeds are real seed entries. `real-host.test.ts` runs the same program against the real host.
 */
import {
  type CommitRequest,
  type CreatedRequest,
  type CreatedVm,
  ed25519Signer,
  encodeStatement,
  hostIdOf,
  keyPair,
  type Report,
  type Reservation,
  type ReservationsRequest,
  toHex,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";

interface Row {
  urn: string;
  name: string;
  seedId: string;
  instanceId: string | null;
  report: Report | null;
}

export interface FakeMint {
  /** `unix:///…` */
  url: string;
  /** "reserve N", "commit NAME", "created N" since the last `calls.length = 0`. */
  calls: string[];
  /** Every pool, claim key and psk0 that was ever given out: what must not lie in any state. */
  canaries: Uint8Array[];
  /** Committed seeds in order. */
  rows: Row[];
  /** Answer everything with this status. */
  down: 503 | 429 | 403 | undefined;
  /** Answer commits with 409. */
  refuseCommits: boolean;
  /** Created droplets have reported by the time the host is asked (a guest that is quick). */
  reports: boolean;
  /** What they report; undefined: one made-up key each. */
  hostKeys: string[] | undefined;
  listen(): Promise<void>;
  close(): Promise<void>;
}

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

function statement(): { hostId: Uint8Array; bytes: Uint8Array } {
  const [root, packet] = [keyPair("ed25519", randomBytes(32)), keyPair("ed25519", randomBytes(32))];
  const hostId = hostIdOf(root.publicKey);
  const fields = {
    hostId,
    serial: 1,
    rootAlg: 1 as const,
    rootPk: root.publicKey,
    packetPk: packet.publicKey,
    intervalMs: 21_600_000,
    pins: [randomBytes(32)],
    addresses: ["169.254.0.2:7443"],
  };
  return { hostId, bytes: encodeStatement(fields, ed25519Signer(root.privateKey)) };
}

const hostKeyFor = (instanceId: string): string =>
  `ssh-ed25519 ${Buffer.from(`fake key of droplet ${instanceId}`.padEnd(51, "=")).toString("base64")}`;

function reportFor(hostId: Uint8Array, row: Row, instanceId: string, hostKeys: string[]): Report {
  return {
    hostId: toHex(hostId),
    seedId: row.seedId,
    identityPk: "11".repeat(32),
    instanceId,
    bootId: "00000000-0000-4000-8000-000000000000",
    verdict: "reseeded",
    evidence: {
      rcMix: 0,
      rcReseed: 0,
      hostKeysBefore: 0,
      kernel: "6.1.0",
      poolsize: 256,
      fipsEnabled: 0,
      rngCurrent: null,
      gate: "passed",
      timeline: [["mix", 1.5]],
    },
    hostKeys,
    versions: { kit: "0.1.0", python: "3.11.2" },
  };
}

/** @param path of the socket @returns the fake, listening */
export async function startFakeMint(path: string): Promise<FakeMint> {
  const { hostId, bytes } = statement();
  const open = new Map<string, string>();

  const reserve = ({ urns }: ReservationsRequest): unknown => {
    mint.calls.push(`reserve ${urns.length}`);
    const reservations = urns.map((urn): Reservation => {
      const [pool, claimKey, psk0] = [randomBytes(64), randomBytes(32), randomBytes(32)];
      mint.canaries.push(pool, claimKey, psk0);
      const seedId = randomBytes(16).toString("hex");
      open.set(seedId, urn);
      return { urn, seedId, pool: b64(pool), claimKey: b64(claimKey), psk0: b64(psk0), token: "token" };
    });
    return { hostId: toHex(hostId), statement: b64(bytes), sourceClass: "chained", reservations };
  };
  const commit = (seedId: string, { name }: CommitRequest): unknown => {
    mint.calls.push(`commit ${name}`);
    const urn = open.get(seedId);
    open.delete(seedId);
    if (urn === undefined || mint.refuseCommits) return undefined;
    mint.rows.push({ urn, name, seedId, instanceId: null, report: null });
    return { seedId };
  };
  const created = ({ droplets }: CreatedRequest): unknown => {
    mint.calls.push(`created ${droplets.length}`);
    const vms = droplets.map(({ urn, instanceId }): CreatedVm => {
      const bound = mint.rows.find((row) => row.urn === urn && row.instanceId === instanceId);
      const row = bound ?? mint.rows.findLast((one) => one.urn === urn && one.instanceId === null);
      if (row === undefined) return { urn, instanceId, seedId: null, state: null, report: null };
      row.instanceId = instanceId;
      if (mint.reports) row.report ??= reportFor(hostId, row, instanceId, mint.hostKeys ?? [hostKeyFor(instanceId)]);
      return { urn, instanceId, seedId: row.seedId, state: row.report ? "reported" : "committed", report: row.report };
    });
    return { vms };
  };

  const server = createServer((request, response) => {
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, {
        "content-type": "application/json",
        ...(status === 429 ? { "retry-after": "7" } : {}),
      });
      response.end(JSON.stringify(body));
    };
    const answer = async (): Promise<void> => {
      const error = (message: string): unknown => ({ error: { code: "fake", message, fix: "start a source" } });
      if (mint.down !== undefined) return send(mint.down, error("no healthy source"));
      const target = request.url ?? "";
      const seedId = /^\/v1\/reservations\/([0-9a-f]{32})\/commit$/.exec(target)?.[1];
      const body = request.method === "POST" ? await json(request) : undefined;
      if (target === "/v1/reservations") return send(200, reserve(body as ReservationsRequest));
      if (target === "/v1/created") return send(200, created(body as CreatedRequest));
      if (target === "/v1/vms") return send(200, { schema: 1, vms: [] });
      if (seedId === undefined) return send(404, error("not here"));
      const done = commit(seedId, body as CommitRequest);
      return send(done === undefined ? 409 : 200, done ?? error("this seed was already used"));
    };
    answer().catch((error: unknown) => send(500, { error: { code: "fake", message: String(error), fix: "" } }));
  });
  const mint: FakeMint = {
    url: `unix://${path}`,
    calls: [],
    canaries: [],
    rows: [],
    down: undefined,
    refuseCommits: false,
    reports: true,
    hostKeys: undefined,
    listen: () => new Promise((resolve) => server.listen(path, resolve)),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  await mint.listen();
  return mint;
}
