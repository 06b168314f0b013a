/** A part of the tests and the bench: a real host process whose database has a fleet, and a socket that counts bytes. */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Report } from "@bootseed/protocol";
import { Database } from "../../../hwrng-host/store/database.ts";
import { openSqliteStore } from "../../../hwrng-host/store/sqlite-store.ts";
import { HostProcess } from "../host-process.ts";

export const STACK = "acme/web/prod";

const hex = (bytes: number): string => randomBytes(bytes).toString("hex");
const key = (type: string, bytes: number): string => `${type} ${randomBytes(bytes).toString("base64")}`;

/** As long as a real one: three host keys, and the times of a boot. */
function reportOf(seedId: string, instanceId: string): Report {
  const timeline: Report["evidence"]["timeline"] = ["hook", "mix", "reseed", "claim", "keys", "sshd"].map((name, i) => [
    name,
    4 + i + Math.random(),
  ]);
  return {
    hostId: "00".repeat(8),
    seedId,
    identityPk: hex(32),
    instanceId,
    bootId: "00000000-0000-4000-8000-000000000000",
    verdict: "reseeded",
    evidence: {
      rcMix: 0,
      rcReseed: 0,
      hostKeysBefore: 0,
      kernel: "6.1.0-31-cloud-amd64",
      poolsize: 256,
      fipsEnabled: 0,
      rngCurrent: "virtio_rng.0",
      gate: "passed",
      timeline,
    },
    hostKeys: [key("ssh-ed25519", 51), key("ecdsa-sha2-nistp256", 104), key("ssh-rsa", 407)],
    versions: { kit: "0.3.0", python: "3.11.2" },
  };
}

/** Address of VM number `n` of {@link FleetHost}. */
export const addressOf = (n: number): string => `198.18.${n >> 8}.${n & 255}`;

function fill(file: string, count: number, silent: number): void {
  // The schema is the store's.
  openSqliteStore(file).close();
  const db = new Database(file);
  const now = Math.floor(Date.now() / 1000);
  db.transaction(() => {
    for (let n = 0; n < count; n++) {
      const seedId = randomBytes(16);
      db.run(
        `INSERT INTO seed (seed_id, stack, urn, name, bind, source_class, committed_at, instance_id, addresses)
         VALUES (?, ?, ?, ?, 'instance', 'physical-conditioned', ?, ?, ?)`,
        seedId,
        STACK,
        `urn:pulumi:prod::web::digitalocean:index/droplet:Droplet::web-${n}`,
        `web-${n}`,
        now - 1000,
        String(400_000_000 + n),
        JSON.stringify([addressOf(n)]),
      );
      db.run(
        `INSERT INTO enrolment (seed_id, identity_pk, instance_hash, certificate, claimed_at, tokens, tokens_at)
         VALUES (?, ?, zeroblob(32), zeroblob(165), ?, 2, ?)`,
        seedId,
        randomBytes(32),
        now - 900,
        now,
      );
      if (n >= count - silent) continue;
      const report = reportOf(seedId.toString("hex"), String(400_000_000 + n));
      db.run(
        "INSERT INTO report (seed_id, json, host_keys, reported_at) VALUES (?, ?, ?, ?)",
        seedId,
        JSON.stringify(report),
        JSON.stringify(report.hostKeys.toSorted()),
        now - 800,
      );
    }
  });
  db.close();
}

export class FleetHost implements AsyncDisposable {
  readonly host: HostProcess;
  /** A mint URL whose bytes are counted. */
  readonly url: string;
  /** Of all connections, in both directions. */
  bytes = 0;
  readonly #server: Server;

  private constructor(host: HostProcess) {
    this.host = host;
    const socket = join(host.dir, "counted.sock");
    this.url = `unix://${socket}`;
    this.#server = createServer((near) => {
      const far = connect(host.mintSocket);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        from.on("data", (chunk: Buffer) => (this.bytes += chunk.length));
        from.pipe(to);
        from.on("error", () => to.destroy());
      }
    });
    this.#server.listen(socket);
  }

  /** @param silent how many of the VMs have not reported: the last ones */
  static async start(count: number, silent: number): Promise<FleetHost> {
    const host = await HostProcess.make();
    fill(join(host.stateDir, "host.db"), count, silent);
    await host.start();
    const fleet = new FleetHost(host);
    await once(fleet.#server, "listening");
    return fleet;
  }

  /** @returns bytes that `work` moved */
  async counted(work: () => Promise<unknown>): Promise<number> {
    const before = this.bytes;
    await work();
    return this.bytes - before;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    await this.host[Symbol.asyncDispose]();
  }
}
