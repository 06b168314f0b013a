import net from "node:net";
import { addressOf } from "./droplet.ts";
import { ApiError } from "./errors.ts";

/** 127.77.0.1 to 127.77.254.254; 127.77.255.254 is kept to ask whether a port is free */
const LAST = 254 * 255;
/** so many in a row are no accident: someone listens on all addresses */
const BUSY_MAX = 254;

/**
 * The next free number of an address whose SSH port nobody uses. Numbers rise and start again at 1 after the last: an address is not
 * given to another droplet a moment after its first one went, as a cloud would not either.
 *
 * @param after the number that was given last, 0 at first
 * @throws Error when none is free
 */
export async function freeNumber(after: number, taken: ReadonlySet<number>, sshPort: number): Promise<number> {
  let busy = 0;
  for (let step = 0; step < LAST && busy < BUSY_MAX; step++) {
    const number = ((after + step) % LAST) + 1;
    if (taken.has(number)) continue;
    if (await canListen(addressOf(number), sshPort)) return number;
    busy++;
  }
  throw new Error(
    `no address from ${addressOf(1)} to ${addressOf(LAST)} has port ${sshPort} free: is something listening on all addresses? Choose another --ssh-port`,
  );
}

/** Gives out numbers one at a time: two droplets must not find the same one free. */
export class AddressPool {
  readonly #sshPort: number;
  #last = 0;
  #taking: Promise<unknown> = Promise.resolve();

  constructor(sshPort: number) {
    this.#sshPort = sshPort;
  }

  /**
   * @param inUse numbers that droplets have at the moment
   * @throws ApiError 503 when none is free
   */
  async take(inUse: () => readonly number[]): Promise<number> {
    const mine = this.#taking.then(async () => {
      this.#last = await freeNumber(this.#last, new Set(inUse()), this.#sshPort);
      return this.#last;
    });
    this.#taking = mine.catch(() => undefined);
    return mine.catch((cause: unknown) => {
      throw new ApiError(503, "service_unavailable", cause instanceof Error ? cause.message : String(cause));
    });
  }
}

/**
 * 22 where this user may listen there and nobody listens on all addresses, else 2222. Asked at an address that no droplet ever has:
 * another cloud's droplet at 127.77.0.1 must not push this one's to another port.
 */
export async function defaultSshPort(may: typeof canListen = canListen): Promise<22 | 2222> {
  return (await may("127.77.255.254", 22)) ? 22 : 2222;
}

/** Whether this process may listen there: false when the port is taken, or below 1024 and we are not root. */
export async function canListen(host: string, port: number): Promise<boolean> {
  const server = net.createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
