/** Test aid: a machine enrolled at a host under test, its files on a real disk, the host's API in place of the network. */
import { toHex } from "@bootseed/protocol";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench } from "../../../hwrng-host/testing/bench.ts";
import { realDisk } from "../disk.ts";
import { HostFolder } from "../host-folder.ts";
import { parseOpensshKey } from "../openssh-key.ts";
import type { World } from "../world.ts";

/** What a network between this machine and one host may do to an answer; by default nothing. */
export type Answers = (
  path: string,
  answer: { status: number; body: Uint8Array },
) => {
  status: number;
  body: Uint8Array;
};

export class TestMachine implements Disposable {
  readonly root: string = mkdtempSync(join(tmpdir(), "bootseed-agent-"));
  readonly stateDir = "/var/lib/bootseed";
  /** What was given to the kernel, oldest first. */
  readonly mixed: Uint8Array[] = [];
  /** Requests that were made, oldest first. */
  readonly requested: string[] = [];
  readonly said: string[] = [];
  readonly locks: { taken: number; held: number } = { taken: 0, held: 0 };
  /** Milliseconds that the wall clock is ahead. */
  skewMs = 0;
  /** What the kernel answers. */
  rcReseed = 0;
  readonly world: World;
  readonly seedId: Uint8Array;
  readonly folder: HostFolder;
  /** By address; one that is missing does not answer. */
  readonly servers: Map<string, { readonly bench: Bench; readonly pin?: Uint8Array; readonly answers?: Answers }>;

  constructor(bench: Bench, seedId: Uint8Array) {
    this.seedId = seedId;
    this.servers = new Map([["127.0.0.1:7443", { bench }]]);
    this.world = {
      disk: realDisk(this.root),
      kernel: {
        reseed: async () => this.rcReseed,
        mixAndReseed: async (hash64) => {
          this.mixed.push(Uint8Array.from(hash64));
          return { rcMix: 0, rcReseed: this.rcReseed };
        },
      },
      network: {
        connect: async (address) => {
          const server = this.servers.get(address);
          if (server === undefined) throw new Error(`${address}: nobody answers`);
          const pin = server.pin ?? server.bench.context.identity.tlsPin;
          const post = async (path: string, body: Uint8Array): Promise<{ status: number; body: Uint8Array }> => {
            this.requested.push(path);
            const { status, bytes } = await server.bench.send(path, body);
            const answer = { status, body: bytes };
            return server.answers === undefined ? answer : server.answers(path, answer);
          };
          return { pin, post, close: () => undefined };
        },
      },
      nowMs: () => Date.now() + this.skewMs,
      clocks: () => Uint8Array.from(randomBytes(16)),
      random: (bytes) => Uint8Array.from(randomBytes(bytes)),
      say: (line) => void this.said.push(line),
    };
    this.folder = new HostFolder(this.world, `${this.stateDir}/${toHex(bench.context.identity.hostId)}`);
  }

  /** Where a file of the host's folder really is. */
  at(name: string): string {
    return join(this.root, this.folder.path, name);
  }

  /** A lock that only counts. */
  lock(): () => void {
    this.locks.taken++;
    this.locks.held++;
    return () => this.locks.held--;
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Claims a seed as the kit does, with an identity of ssh-keygen, and leaves the kit's files. */
export async function enrolledMachine(bench: Bench, name = "web"): Promise<TestMachine> {
  const guest = await bench.guest("first-claim", `id-${name}`, `urn:${name}`);
  const vm = new TestMachine(bench, guest.seedId);
  mkdirSync(vm.at("."), { recursive: true, mode: 0o700 });
  execFileSync("/usr/bin/ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", vm.at("identity")]);
  guest.identity = parseOpensshKey(Uint8Array.from(readFileSync(vm.at("identity"))));
  const { bytes } = await bench.send("/v1/claims", guest.claim());
  guest.enrol(bytes);
  vm.folder.write("psk", guest.psk);
  vm.folder.write("statement", bench.context.identity.statement.bytes);
  vm.folder.write("certificate", guest.certificate);
  return vm;
}
