/** What a lying host says instead of its honest answer. It has the certificate that guests pinned, and its own keys. */
import { encodePacketAnswer, encodeStatement, ed25519Signer, keyPair, parsePacketAnswer } from "@bootseed/protocol";
import type { Random } from "./random.ts";
import type { Answer } from "./wire.ts";

type Lie = (random: Random, honest: Answer, memory: readonly Answer[]) => Answer;

const answered = (body: Uint8Array, status = 200): Answer => ({ status, body });

/** Changes the packet inside an answer. */
function bend(honest: Answer, change: (packet: Uint8Array) => void): Answer {
  if (honest.status !== 200) return honest;
  const { statements, packet } = parsePacketAnswer(honest.body);
  const bent = Uint8Array.from(packet);
  change(bent);
  return answered(encodePacketAnswer({ statements, packet: bent }));
}

const flip = (bytes: Uint8Array, at: number): void => {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
};

export const LIES: Readonly<Record<string, Lie>> = {
  garbage: (random) => answered(random.bytes(random.below(2000))),
  empty: () => answered(new Uint8Array(0)),
  "a long body": () => answered(new Uint8Array(70_000)),
  "refuses everybody": () => answered(new Uint8Array(0), 403),
  "fails always": () => answered(new Uint8Array(0), 503),
  "another status": (random, honest) => ({ ...honest, status: random.pick([201, 204, 301, 404, 418, 500]) }),
  "a packet that it sent before": (random, honest, memory) => (memory.length === 0 ? honest : random.pick(memory)),
  "a wrong signature": (_, honest) => bend(honest, (packet) => flip(packet, packet.length - 1)),
  "a changed ciphertext": (random, honest) => bend(honest, (packet) => flip(packet, 34 + random.below(1000))),
  "another suite": (_, honest) => bend(honest, (packet) => packet.fill(2, 1, 2)),
  "a cut packet": (_, honest) => answered(honest.body.slice(0, -1), honest.status),
  "a longer packet": (_, honest) => answered(Uint8Array.from([...honest.body, 0]), honest.status),
  "a statement of its own making": (random, honest) => {
    if (honest.status !== 200) return honest;
    const { packet } = parsePacketAnswer(honest.body);
    const root = keyPair("ed25519", random.bytes(32));
    const fields = {
      hostId: random.bytes(8),
      serial: 1_000_000,
      rootAlg: 1 as const,
      rootPk: root.publicKey,
      packetPk: root.publicKey,
      intervalMs: 0xffffffff,
      pins: [],
      addresses: [],
    };
    const statement = encodeStatement(fields, ed25519Signer(root.privateKey));
    return answered(encodePacketAnswer({ statements: [statement], packet }));
  },
};

export class Liar {
  readonly #random: Random;
  /** Answers to all VMs, so that one gets another's. */
  readonly #memory: Answer[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  /** @returns what is told, and which kind of lie it is */
  tell(honest: Answer): { answer: Answer; lie: string } {
    const lie = this.#random.pick(Object.keys(LIES));
    const answer = LIES[lie]?.(this.#random, honest, this.#memory) ?? honest;
    if (honest.status === 200) this.#memory.push(honest);
    if (this.#memory.length > 50) this.#memory.shift();
    return { answer, lie };
  }
}
