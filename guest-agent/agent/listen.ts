/**
 * Takes deliveries by `tcp` where a host cannot be reached: a few connections at once, none longer than 10 s, and the
 * process ends when nobody came for a while: systemd keeps the port and starts it again.
 */
import type { Server, Socket } from "node:net";
import { net } from "./lazy.ts";
import { PushedDelivery, StateLock, type TakeLock } from "./pushed.ts";
import type { World } from "./world.ts";

/** A port of its own, or a socket that systemd opened. */
export type Where = { readonly fd: number } | { readonly host: string; readonly port: number };

export interface Limits {
  readonly connections: number;
  readonly deadlineMs: number;
  readonly idleMs: number;
}

const LIMITS: Limits = { connections: 4, deadlineMs: 10_000, idleMs: 30_000 };

/**
 * @param ready is called with the server when it listens
 * @returns when nobody was connected for `idleMs`
 * @throws what the server throws when it cannot listen
 */
export async function listen(
  world: World,
  stateDir: string,
  takeLock: TakeLock,
  where: Where,
  limits: Limits = LIMITS,
  ready: (server: Server) => void = () => undefined,
): Promise<void> {
  // Half open: a host that has said everything may end its side before it has our receipt.
  const server = net().createServer({ noDelay: true, allowHalfOpen: true });
  server.maxConnections = limits.connections;
  const lock = new StateLock(takeLock);
  let open = 0;
  let idle: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const rest = (): void => {
      idle = setTimeout(() => server.close(() => resolve()), limits.idleMs);
    };
    server.once("error", reject);
    server.on("connection", (socket) => {
      open++;
      clearTimeout(idle);
      socket.once("close", () => {
        if (--open === 0 && server.listening) rest();
      });
      serve(socket, new PushedDelivery(world, stateDir, lock), limits.deadlineMs);
    });
    server.listen(where, () => {
      rest();
      ready(server);
    });
  });
}

function serve(socket: Socket, delivery: PushedDelivery, deadlineMs: number): void {
  // Of the whole connection: a timeout between bytes would let a slow caller stay for hours.
  const deadline = setTimeout(() => socket.destroy(), deadlineMs);
  socket.once("close", () => {
    clearTimeout(deadline);
    delivery.abandon();
  });
  socket.on("error", () => undefined);
  socket.once("end", () => socket.end());
  const take = async (chunk: Buffer): Promise<void> => {
    // One chunk at a time: what a caller sends ahead waits in the kernel, not here.
    socket.pause();
    const { send, end } = await delivery.take(Uint8Array.from(chunk));
    if (socket.destroyed) return;
    if (send !== undefined) socket.write(send);
    if (end) socket.end(() => socket.destroySoon());
    else socket.resume();
  };
  socket.on("data", (chunk: Buffer) => void take(chunk));
}
