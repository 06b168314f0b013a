/** Test aid: a whole host on temporary files, its clock and its device in the test's hands, without sockets. */
import { reservationsAnswerSchema, toHex, type Vm, vmsAnswerSchema } from "@bootseed/protocol";
import type { Hono } from "hono";
import { randomBytes } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rbg3 } from "../drbg/rbg3.ts";
import { guestApp } from "../guests/app.ts";
import { Notices } from "../guests/notices.ts";
import { Refusals } from "../guests/refusals.ts";
import { ReceiptKeys } from "../guests/receipt-keys.ts";
import type { HostContext } from "../host-context.ts";
import { loadIdentity } from "../identity/host-identity.ts";
import { FILES, initState } from "../identity/init.ts";
import { selfSigned } from "../identity/self-signed.ts";
import { mintApp } from "../mint/app.ts";
import { AssessedSource } from "../sources/assessed-source.ts";
import { openSqliteStore } from "../store/sqlite-store.ts";
import { FakeDevice, noise } from "./fake-device.ts";
import { TestGuest } from "./guest.ts";

const PAIR = await selfSigned("bootseed test", randomBytes(8));
const ANNOUNCE = { advertise: ["127.0.0.1:7443"], intervalMs: 21_600_000 };
/** Saturday, 21 November 2026, noon. */
const NOON = 1_795_262_400;

export type BenchOptions = {
  readonly samples?: Uint8Array;
  readonly deviceName?: string;
  readonly allowChained?: boolean;
};

export class Bench implements AsyncDisposable {
  readonly dir: string = mkdtempSync(join(tmpdir(), "bootseed-host-"));
  readonly device: FakeDevice;
  /** Seconds; tests move it. */
  readonly clock: { now: number } = { now: NOON };
  /** Messages of every log line, oldest first. */
  readonly logged: string[] = [];
  /** The same lines with their fields. */
  readonly lines: { readonly fields: object; readonly message: string }[] = [];
  readonly #allowChained: boolean;
  #context: HostContext;
  mint: Hono;
  guests: Hono;

  constructor(options: BenchOptions = {}) {
    this.device = new FakeDevice(options.samples ?? noise(1 << 19), options.deviceName);
    this.#allowChained = options.allowChained ?? false;
    initState(this.dir, ANNOUNCE, (bytes) => randomBytes(bytes), PAIR);
    this.#context = this.#start();
    this.mint = mintApp(this.#context);
    this.guests = guestApp(this.#context, new ReceiptKeys());
  }

  get context(): HostContext {
    return this.#context;
  }

  /** A new process on the same state folder; with `database: "lost"` on an empty database. */
  restart(database: "kept" | "lost" = "kept"): void {
    this.#context.store.close();
    if (database === "lost") rmSync(join(this.dir, FILES.database));
    this.#context = this.#start();
    this.mint = mintApp(this.#context);
    this.guests = guestApp(this.#context, new ReceiptKeys());
  }

  /** The state folder becomes what it was when `copy` was made; a new process starts on it. */
  replaceState(copy: string): void {
    this.#context.store.close();
    rmSync(this.dir, { recursive: true });
    cpSync(copy, this.dir, { recursive: true, mode: 0 });
    chmodSync(this.dir, 0o700);
    this.#context = this.#start();
    this.mint = mintApp(this.#context);
    this.guests = guestApp(this.#context, new ReceiptKeys());
  }

  async post(path: string, body: unknown): Promise<{ status: number; body: unknown; headers: Headers }> {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await this.mint.request(path, { method: "POST", body: text });
    return { status: answer.status, body: await answer.json(), headers: answer.headers };
  }

  async get(path: string): Promise<{ status: number; body: unknown }> {
    const answer = await this.mint.request(path);
    return { status: answer.status, body: await answer.json() };
  }

  /** Sends bytes to the guest API. */
  async send(path: string, body: Uint8Array): Promise<{ status: number; bytes: Uint8Array; headers: string }> {
    const answer = await this.guests.request(path, { method: "POST", body: Uint8Array.from(body) });
    const headers = JSON.stringify([...answer.headers]);
    return { status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()), headers };
  }

  /** Reserves, commits and, for a bound seed, tells the host the instance-id. */
  async guest(
    bind: "instance" | "first-claim" = "first-claim",
    instanceId = "4711",
    urn = "urn:web",
  ): Promise<TestGuest> {
    const guest = await this.reserve(instanceId, urn);
    await this.commit(guest, bind);
    return guest;
  }

  async reserve(instanceId = "4711", urn = "urn:web"): Promise<TestGuest> {
    const { body } = await this.post("/v1/reservations", { stack: "org/project/stack", urns: [urn] });
    const [reserved] = reservationsAnswerSchema.parse(body).reservations;
    if (reserved === undefined) throw new Error("no reservation came");
    return new TestGuest(reserved, this.#context.identity, instanceId, urn);
  }

  async commit(guest: TestGuest, bind: "instance" | "first-claim" = "first-claim"): Promise<number> {
    const path = `/v1/reservations/${toHex(guest.seedId)}/commit`;
    return (await this.post(path, { token: guest.token, bind, name: "web-7" })).status;
  }

  async created(guest: TestGuest, instanceId: string = guest.instanceId): Promise<unknown> {
    const droplets = [{ urn: guest.urn, instanceId, addresses: ["192.0.2.7"] }];
    return (await this.post("/v1/created", { stack: "org/project/stack", droplets })).body;
  }

  /** The only VM there is. */
  async vm(): Promise<Vm | undefined> {
    return (await this.vms())[0];
  }

  async vms(): Promise<readonly Vm[]> {
    return vmsAnswerSchema.parse((await this.get("/v1/vms")).body).vms;
  }

  #start(): HostContext {
    const identity = loadIdentity(this.dir);
    const monotonicMs = (): number => this.clock.now * 1000;
    const sources = [new AssessedSource(this.device.driver(4, "physical-raw"), monotonicMs, () => undefined)];
    const generator = new Rbg3({
      sources,
      allowChained: this.#allowChained,
      personalization: identity.hostId,
      systemRandom: (bytes) => randomBytes(bytes),
      now: () => performance.now(),
    });
    const push = (fields: object, message: string): void => {
      this.logged.push(message);
      this.lines.push({ fields, message });
    };
    const log = { info: push, warn: push, error: push };
    const store = openSqliteStore(join(this.dir, FILES.database));
    return {
      identity,
      store,
      generator,
      sources,
      now: () => this.clock.now,
      random: (bytes) => randomBytes(bytes),
      log,
      refusals: new Refusals(log, () => this.clock.now),
      notices: new Notices(log, store),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#context.store.close();
    await this.device[Symbol.asyncDispose]();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
