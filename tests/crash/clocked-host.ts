/** The real service in the test's own process, on real sockets, with a wall clock that the test moves past the quota. */
import { loadConfig } from "../../hwrng-host/config/load.ts";
import { startService } from "../../hwrng-host/server/service.ts";
import { randomBytes } from "node:crypto";
import { HostProcess } from "../loopback/host-process.ts";

/** After this long the quota of 8 packets a day allows another one. */
const NEXT_PACKET_MS = 3 * 3_600_000 + 1000;

export class ClockedHost implements AsyncDisposable {
  /** Its folder, sockets and client; the process itself is never started. */
  readonly desk: HostProcess;
  readonly log: string[] = [];
  #aheadMs = 0;
  readonly #undo = new AsyncDisposableStack();

  private constructor(desk: HostProcess) {
    this.desk = this.#undo.use(desk);
  }

  static async start(): Promise<ClockedHost> {
    const host = new ClockedHost(await HostProcess.make());
    const log = (fields: object, message?: string): number => host.log.push(`${message} ${JSON.stringify(fields)}`);
    const service = await startService(loadConfig(host.desk.config), {
      wallMs: () => Date.now() + host.#aheadMs,
      monotonicMs: () => performance.now(),
      random: (bytes) => randomBytes(bytes),
      log: { info: log, warn: log, error: log },
      readConfig: () => loadConfig(host.desk.config),
    });
    host.#undo.defer(async () => service.close());
    return host;
  }

  /** Time passes: the VM may have another packet. */
  nextPacket(): void {
    this.#aheadMs += NEXT_PACKET_MS;
  }

  get packets(): number {
    return this.log.filter((line) => line.startsWith("packet ")).length;
  }

  get receipts(): number {
    return this.log.filter((line) => line.startsWith("receipt ")).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#undo.disposeAsync();
  }
}
