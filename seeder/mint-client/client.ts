/**
 * The mint as a Pulumi program or the command line sees it: JSON over one of its transports (protocol.md, mint).
 * Every answer is checked against its schema, every failure is one typed error with one sentence.
 */
import {
  type AbsentRequest,
  type ApproveAnswer,
  approveAnswerSchema,
  BootseedError,
  commitAnswerSchema,
  type CommitRequest,
  createdAnswerSchema,
  type CreatedRequest,
  type CreatedVm,
  type PresentAnswer,
  presentAnswerSchema,
  type ReservationsAnswer,
  reservationsAnswerSchema,
  type ForgetUnclaimedAnswer,
  forgetUnclaimedAnswerSchema,
  type ForgetUnclaimedRequest,
  type Vm,
  type VmFilter,
  vmsAnswerSchema,
} from "@bootseed/protocol";
import type { z } from "zod";
import { requestJson } from "./http.ts";
import { type MintTransport, mintTransport } from "./transport.ts";
import { type VmList, vmList } from "./vm-list.ts";
import { vmWatch } from "./vm-watch.ts";

/** A droplet that exists, as `POST /v1/created` wants it. */
export type CreatedDroplet = CreatedRequest["droplets"][number];

/** What a run needs of a mint; the real client and the fakes of tests are this. */
export interface MintApi {
  reserve(stack: string, urns: readonly string[]): Promise<ReservationsAnswer>;
  commit(seedId: string, request: CommitRequest): Promise<void>;
  created(stack: string, droplets: readonly CreatedDroplet[]): Promise<readonly CreatedVm[]>;
  absent(stack: string, vms: AbsentRequest["vms"]): Promise<unknown>;
  vms(): Promise<readonly Vm[]>;
}

/** Deadline of one request in milliseconds. Three thousand reservations take a host under a second. */
const DEFAULT_TIMEOUT_MS = 15_000;

export class MintClient implements MintApi {
  readonly url: string;
  readonly #transport: MintTransport;
  readonly #timeoutMs: number;

  /**
   * @param mint a transport, or the text of one that needs no token: `unix:///absolute/path`, `ssh://user@host`
   * @param timeoutMs deadline of one request
   * @throws BootseedError "usage" for another kind of URL
   */
  constructor(mint: string | MintTransport, timeoutMs: number = DEFAULT_TIMEOUT_MS) {
    this.#transport = typeof mint === "string" ? mintTransport(mint) : mint;
    this.url = this.#transport.url;
    this.#timeoutMs = timeoutMs;
  }

  /** Asks for one seed per URN. Nothing is written at the host; a reservation that is never committed costs nothing. */
  reserve(stack: string, urns: readonly string[]): Promise<ReservationsAnswer> {
    return this.#ask("POST", "/v1/reservations", reservationsAnswerSchema, { stack, urns });
  }

  /** Takes a reserved seed for good. @throws BootseedError "conflict" when it was taken before */
  async commit(seedId: string, request: CommitRequest): Promise<void> {
    await this.#ask("POST", `/v1/reservations/${seedId}/commit`, commitAnswerSchema, request);
  }

  /** Tells the host which droplets exist; idempotent. @returns what it knows of each, with the reports that came */
  async created(stack: string, droplets: readonly CreatedDroplet[]): Promise<readonly CreatedVm[]> {
    return (await this.#ask("POST", "/v1/created", createdAnswerSchema, { stack, droplets })).vms;
  }

  /** Tells the host all machines of a stack. @param asOf as in `PresentRequest` @returns the VMs that are newly gone */
  async present(stack: string, instanceIds: readonly string[], asOf?: number): Promise<PresentAnswer["gone"]> {
    const request = { stack, instanceIds, ...(asOf === undefined ? {} : { asOf }) };
    return (await this.#ask("POST", "/v1/present", presentAnswerSchema, request)).gone;
  }

  /** Tells the host VMs that a stack has no more. @returns those that are newly gone */
  async absent(stack: string, vms: AbsentRequest["vms"]): Promise<PresentAnswer["gone"]> {
    return (await this.#ask("POST", "/v1/absent", presentAnswerSchema, { stack, vms })).gone;
  }

  /**
   * Takes a VM, or a seed that no machine has claimed, out of all lists.
   *
   * @param seedId 32 hex digits
   * @param unlessLive not a VM that is enrolled and not gone when the host does it; older hosts do not look
   * @throws BootseedError "conflict" for such a VM
   */
  async forget(seedId: string, unlessLive: boolean): Promise<void> {
    // Hosts of older versions do not read this body, and refuse none.
    await this.#ask("POST", `/v1/vms/${seedId}/forget`, commitAnswerSchema, unlessLive ? { unlessLive } : {});
  }

  /** Ends all seeds of a stack that no machine has claimed. @returns those */
  async forgetUnclaimed(request: ForgetUnclaimedRequest): Promise<ForgetUnclaimedAnswer["forgotten"]> {
    return (await this.#ask("POST", "/v1/forget-unclaimed", forgetUnclaimedAnswerSchema, request)).forgotten;
  }

  /**
   * @param filter which VMs, without it all in one answer; a host of an older version answers all, and they are filtered here
   * @returns VMs in the order of their commits
   */
  async vms(filter?: VmFilter): Promise<readonly Vm[]> {
    if (filter === undefined) return (await this.#ask("GET", "/v1/vms", vmsAnswerSchema)).vms;
    return (await this.list(filter)).vms;
  }

  /** @param parts `withoutKeys`: reports without host keys, the longest part of a VM */
  async list(filter: VmFilter, { withoutKeys = false }: { withoutKeys?: boolean } = {}): Promise<VmList> {
    return vmList((query) => this.#ask("GET", `/v1/vms?${query}`, vmsAnswerSchema), filter, { withoutKeys });
  }

  /** @returns a function that reads the same VMs again and again, and only what changed of them */
  watch(filter: VmFilter): () => Promise<readonly Vm[]> {
    return vmWatch((query) => this.#ask("GET", `/v1/vms?${query}`, vmsAnswerSchema), filter);
  }

  /** Clears what the host noticed about a VM. @throws BootseedError "forbidden" unless the caller is an admin */
  async acknowledge(seedId: string): Promise<void> {
    await this.#ask("POST", `/v1/vms/${seedId}/acknowledge`, commitAnswerSchema, {});
  }

  /**
   * Accepts a report of a VM whose host keys changed.
   *
   * @param report SHA-256 of its JSON, hexadecimal
   * @throws BootseedError "conflict" when the VM has reported again since, "forbidden" unless the caller is an admin
   */
  async approve(seedId: string, report: string): Promise<ApproveAnswer> {
    return this.#ask("POST", `/v1/vms/${seedId}/approve`, approveAnswerSchema, { report });
  }

  async #ask<S extends z.ZodType>(
    method: "GET" | "POST",
    path: string,
    schema: S,
    body?: unknown,
  ): Promise<z.infer<S>> {
    const transport = this.#transport;
    const answer = await requestJson({ transport, method, path, body, timeoutMs: this.#timeoutMs });
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    // The path alone: an answer may hold seeds, and zod's messages may quote it.
    const where = parsed.error.issues[0]?.path.join(".") ?? "";
    const message = `host ${transport.shown} answered ${path.split("?")[0]} with something else at "${where}": are host and client of one version?`;
    throw new BootseedError("malformed", message);
  }
}
