/** Test aid: what a program's run says to the mint. */
import { createdAnswerSchema, type ReservationsAnswer, reservationsAnswerSchema, toHex } from "@bootseed/protocol";
import { mintApp } from "../mint/app.ts";
import type { Caller } from "../mint/caller.ts";
import type { Bench } from "./bench.ts";
import { TestGuest } from "./guest.ts";

type Told = { urn?: string; instanceId?: string; addresses?: string[] };

/** One stack at a host, as a program with some client's rights sees it. */
export class Stack {
  readonly host: Bench;
  readonly stack: string;
  readonly #caller: Caller | undefined;

  /** @param stacks globs of the client; none: the socket's own, who may everything @param account of the client */
  constructor(host: Bench, stack: string, stacks?: string[], account = "ci") {
    this.host = host;
    this.stack = stack;
    if (stacks !== undefined)
      this.#caller = { name: account, id: account, account, role: "mint", stacks, quotaPerHour: null };
  }

  async post(path: string, body: object = {}): Promise<{ status: number; body: unknown }> {
    const caller = this.#caller;
    const app = caller === undefined ? this.host.mint : mintApp(this.host.context, () => caller);
    const answer = await app.request(path, { method: "POST", body: JSON.stringify(body) });
    return { status: answer.status, body: await answer.json() };
  }

  async reserve(...urns: string[]): Promise<ReservationsAnswer> {
    return reservationsAnswerSchema.parse((await this.post("/v1/reservations", { stack: this.stack, urns })).body);
  }

  /** A droplet is created: its seed is committed, then the host is told of it. @param told its URN is `urn:NAME` by default */
  async make(name: string, told: Told = {}): Promise<TestGuest> {
    const urn = told.urn ?? `urn:${name}`;
    const [reserved] = (await this.reserve(urn)).reservations;
    if (reserved === undefined) throw new Error("no reservation came");
    const guest = new TestGuest(reserved, this.host.context.identity, told.instanceId ?? name, urn);
    await this.post(`/v1/reservations/${reserved.seedId}/commit`, { token: reserved.token, bind: "instance", name });
    if (told.instanceId !== undefined) await this.tell({ ...told, urn });
    return guest;
  }

  /** @returns the seed that the host knows it by */
  async tell({ urn = "urn:web", instanceId = "100", addresses = [] }: Told): Promise<string | null | undefined> {
    const { body } = await this.post("/v1/created", { stack: this.stack, droplets: [{ urn, instanceId, addresses }] });
    return createdAnswerSchema.parse(body).vms[0]?.seedId;
  }

  present(...instanceIds: string[]): Promise<{ status: number; body: unknown }> {
    return this.post("/v1/present", { stack: this.stack, instanceIds });
  }

  /** As the operator. */
  forget(guest: TestGuest): Promise<{ status: number }> {
    return this.host.post(`/v1/vms/${toHex(guest.seedId)}/forget`, {});
  }
}
