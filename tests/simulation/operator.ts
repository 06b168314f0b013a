/** The operator's hand at the keys and statements of a simulated host: what `bootseed-host statement` does. */
import { keyPair } from "@bootseed/protocol";
import { carryOut, plan, type Rotation, takeNextCertificate } from "../../hwrng-host/identity/rotate.ts";
import type { HostNode } from "./host-node.ts";
import type { Ledger } from "./ledger.ts";
import type { Random } from "./random.ts";
import { tlsPairs } from "./tls-pairs.ts";

export class Operator {
  readonly #host: HostNode;
  readonly #random: Random;
  readonly #ledger: Ledger;

  constructor(host: HostNode, random: Random, ledger: Ledger) {
    this.#host = host;
    this.#random = random;
    this.#ledger = ledger;
  }

  newPacketKey(): void {
    this.#sign("packet key", { packetKey: this.#random.bytes(32) });
  }

  /** The pin of the next certificate, at least 24 h before {@link Operator.useNewCertificate}. */
  announceCertificate(): void {
    this.#sign("pins", { certificate: tlsPairs.take() });
  }

  useNewCertificate(): void {
    this.#ledger.trace(`${this.#host.name} shows its next certificate`);
    // Files have the time of this machine, not of the world.
    this.#host.restart(() =>
      takeNextCertificate(this.#host.dir, this.#host.context.now(), { now: true, dryRun: false }),
    );
  }

  /** The old root announces the new one, which signs from then on. */
  newRoot(): void {
    const key = this.#random.bytes(32);
    const root = { rootAlg: 1 as const, rootPk: keyPair("ed25519", key).publicKey };
    this.#sign("next root", { nextRoot: { root, key } });
    this.#sign("root", { useRoot: null });
  }

  move(addresses: readonly string[]): void {
    this.#ledger.fault("host moved", `${this.#host.name} to ${addresses.join(", ")}`);
    this.#host.announce = { ...this.#host.announce, advertise: addresses };
    this.#sign("addresses", {});
  }

  #sign(what: string, rotation: Rotation): void {
    const { dir, announce, context, name } = this.#host;
    const planned = plan(dir, announce, rotation, context.now());
    this.#host.restart(() => {
      const { serial } = carryOut(dir, planned, rotation);
      this.#ledger.fault("statement rotated", `${name} signs ${serial}: ${what}`);
    });
  }
}
