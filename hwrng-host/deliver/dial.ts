/** One connection to a VM: resolve, check, connect, deliver, close; 10 s for all of it. */
import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";
import { splitAddress } from "../config/address.ts";
import { errnoOf } from "../host-error.ts";
import type { PushSession, SessionResult } from "./session.ts";

/** For name, connection and delivery together. */
const DIAL_DEADLINE_MS = 10_000;

/** After the host's last word. */
const LINGER_MS = 1000;

/** `unreachable`: nobody answered there. `forbidden`: an address that is not dialled; nothing was sent. */
export type DialResult = Omit<SessionResult, "outcome"> & {
  readonly outcome: SessionResult["outcome"] | "unreachable" | "forbidden";
};

export type Dialer = {
  /** The only port that is ever dialled. */
  readonly port: number;
  readonly permits: (address: string) => boolean;
  /** Addresses of a name; the system's resolver by default. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
  /** Tests take a shorter one. */
  readonly deadlineMs?: number;
};

/**
 * @param address host:port as it is configured for this VM
 * @param session begun only when somebody answers
 * @param signal ends the connection: the service stops
 */
export async function dial(
  dialer: Dialer,
  address: string,
  session: () => PushSession,
  signal?: AbortSignal,
): Promise<DialResult> {
  const { host, port } = splitAddress(address);
  if (port !== dialer.port)
    return { outcome: "forbidden", code: "port", reason: `only port ${dialer.port} is dialled: see push.port` };
  const ended = Promise.withResolvers<null>();
  const end = (): void => ended.resolve(null);
  const timer = setTimeout(end, dialer.deadlineMs ?? DIAL_DEADLINE_MS);
  signal?.addEventListener("abort", end, { once: true });
  try {
    // Resolved once, and what was checked is what is dialled: a name cannot change its mind in between.
    const found = isIP(host) === 0 ? await Promise.race([resolved(dialer, host), ended.promise]) : [host];
    if (found === null) return { outcome: "unreachable", code: "name", reason: "the name was not resolved" };
    const checked = found.find((one) => dialer.permits(one));
    if (checked === undefined)
      return { outcome: "forbidden", code: "address", reason: "such an address is not dialled: see dial.allow" };
    return await converse(connect({ host: checked, port, noDelay: true }), session, ended.promise);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

async function resolved(dialer: Dialer, name: string): Promise<readonly string[] | null> {
  try {
    const addresses = await (dialer.resolve ?? systemResolve)(name);
    return addresses.length === 0 ? null : addresses;
  } catch {
    return null;
  }
}

async function systemResolve(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address);
}

async function converse(socket: Socket, begin: () => PushSession, ended: Promise<null>): Promise<DialResult> {
  const closed = Promise.withResolvers<undefined>();
  let session: PushSession | null = null;
  let taking: Promise<void> = Promise.resolve();
  let code = "timeout";
  let over = false;
  socket.once("connect", () => {
    session = begin();
    socket.write(session.greeting());
  });
  const take = async (chunk: Uint8Array): Promise<void> => {
    // One chunk at a time, in order: the socket waits while a packet is made.
    socket.pause();
    const { send, end } = (await session?.take(chunk)) ?? { end: true };
    if (send !== undefined) socket.write(send);
    if (end) {
      over = true;
      socket.end();
      // Whoever does not close holds a place that others wait for.
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    }
    socket.resume();
  };
  socket.on("data", (chunk: Buffer) => {
    // Nothing is read any more: a stranger could keep the host busy with it until the deadline.
    if (over) socket.destroy();
    else taking = take(chunk);
  });
  socket.once("error", (error) => {
    code = errnoOf(error);
  });
  socket.once("close", () => closed.resolve(undefined));
  void ended.then(() => socket.destroy());
  await closed.promise;
  await taking;
  const { result } = session ?? { result: null };
  if (result !== null) return result;
  // A refused connection is an answer: somebody is there, and not our VM.
  return { outcome: code === "ECONNREFUSED" ? "failed" : "unreachable", code, reason: "no connection" };
}
