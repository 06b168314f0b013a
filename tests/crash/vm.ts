/** A VM against a host's process that may die or fail at any moment: each step is asked again until it is done. */
import { parseStatement, fromBase64, fromHex, reservationsAnswerSchema, toHex } from "@bootseed/protocol";
import { TestGuest } from "../../hwrng-host/testing/guest.ts";
import type { HostProcess } from "../loopback/host-process.ts";
import { type Answer, askGuests, askMint } from "./ask.ts";
import type { Books } from "./books.ts";

const STACK = "org/project/stack";

const STEPS = ["reserve", "commit", "created", "claim", "packet", "receipt", "report"] as const;
export type Step = (typeof STEPS)[number];

export class Vm {
  readonly name: string;
  readonly #host: HostProcess;
  readonly #books: Books;
  #guest: TestGuest | null = null;
  /** Another machine with the same seed, at the same moment. */
  #rival: TestGuest | null = null;
  #step = 0;
  #receipt: Uint8Array = new Uint8Array(0);
  /** Process that sent the packet: it has the receipt's key in memory only. */
  #sender = 0;

  constructor(name: string, host: HostProcess, books: Books) {
    this.name = name;
    this.#host = host;
    this.#books = books;
  }

  get done(): boolean {
    return this.#step === STEPS.length;
  }

  /** The step that comes next, for messages. */
  get at(): string {
    return `${this.name} at ${STEPS[this.#step] ?? "the end"}`;
  }

  /**
   * Goes on until the end, or until a step fails.
   * @param until the first step that is not made
   * @returns the statuses of all steps tried
   */
  async live(until?: Step): Promise<number[]> {
    const statuses: number[] = [];
    for (let step = STEPS[this.#step]; step !== undefined && step !== until; step = STEPS[this.#step]) {
      const status = await this.#take(step);
      statuses.push(status);
      // 202: the claim is not final yet.
      if (status < 200 || status > 299 || status === 202) break;
      this.#step++;
    }
    return statuses;
  }

  /** One delivery with its receipt. @returns status of the packet */
  async topUp(): Promise<number> {
    const status = await this.#packet();
    if (status === 200) await this.#ask("receipts", this.#receipt);
    return status;
  }

  async #take(step: Step): Promise<number> {
    if (step === "reserve") return this.#reserve();
    const guest = this.#enrolling;
    if (step === "commit") return this.#commit(guest);
    if (step === "created") {
      const droplets = [{ urn: guest.urn, instanceId: guest.instanceId, addresses: ["192.0.2.7"] }];
      return (await this.#mint("/v1/created", { stack: STACK, droplets })).status;
    }
    if (step === "claim") return this.#claim(guest);
    if (step === "packet") return this.#packet();
    if (step === "report") return (await this.#ask("reports", guest.report())).status;
    const { status } = await this.#ask("receipts", this.#receipt);
    // After a restart the receipt's key is gone: the receipt is lost, and harmless.
    return status === 403 && this.#host.pid !== this.#sender ? 204 : status;
  }

  async #reserve(): Promise<number> {
    const urn = `urn:pulumi:stack::project::digitalocean:index/droplet:Droplet::${this.name}`;
    const { status, bytes } = await this.#mint("/v1/reservations", { stack: STACK, urns: [urn] });
    if (status !== 200) return status;
    const answer = reservationsAnswerSchema.parse(JSON.parse(bytes.toString()));
    const [reserved] = answer.reservations;
    if (reserved === undefined) throw new Error("a reservation without a seed");
    this.#books.reserved(fromHex(reserved.seedId), fromBase64(reserved.pool));
    const statement = parseStatement(fromBase64(answer.statement));
    const host = { hostId: fromHex(answer.hostId), statement, tlsPin: statement.pins[0] ?? new Uint8Array(0) };
    this.#guest = new TestGuest(reserved, host, `id-${this.name}`, urn);
    this.#rival = new TestGuest(reserved, host, `id-${this.name}`, urn);
    return status;
  }

  async #commit(guest: TestGuest): Promise<number> {
    const path = `/v1/reservations/${toHex(guest.seedId)}/commit`;
    const { status } = await this.#mint(path, { token: guest.token, bind: "instance", name: this.name });
    // The first commit was durable, its answer was lost.
    if (status !== 200 && status !== 409) return status;
    this.#books.committed(guest.seedId);
    return 200;
  }

  async #claim(guest: TestGuest): Promise<number> {
    const both = [guest, this.#rival].filter((one) => one !== null);
    const answers = await Promise.all(both.map(async (one) => this.#ask("claims", one.claim())));
    for (const [i, { status, bytes }] of answers.entries()) {
      const one = both[i];
      if (status !== 200 || one === undefined) continue;
      this.#books.won(one.seedId, one.identity.publicKey);
      one.enrol(bytes);
      this.#guest = one;
      return 200;
    }
    return answers[0]?.status ?? 0;
  }

  async #packet(): Promise<number> {
    const guest = this.#enrolling;
    const { status, bytes } = await this.#ask("packets", guest.hello());
    if (status !== 200) return status;
    const opened = guest.open(bytes);
    this.#sender = this.#host.pid;
    this.#books.sent(guest.seedId, opened.counter, opened.chunk);
    this.#receipt = guest.receipt(opened);
    return status;
  }

  get #enrolling(): TestGuest {
    if (this.#guest === null) throw new Error("no seed yet");
    return this.#guest;
  }

  async #ask(kind: string, body: Uint8Array): Promise<Answer> {
    return askGuests(this.#host.port, `/v1/${kind}`, body);
  }

  async #mint(path: string, body: object): Promise<Answer> {
    return askMint(this.#host.mintSocket, path, body);
  }
}
