/** Clients that mean harm, or are very slow: each holds a connection to a guest listener in its own way. */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** A TLS record that announces 512 bytes of a handshake, and the first of them. */
const HALF_HELLO = Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01);
const DRIP_MS = 500;
const HEAD = "POST /v1/packets HTTP/1.1\r\nhost: x\r\n";

type Manner = (port: number) => Socket;

const tls = (port: number, secure: (socket: Socket) => void): Socket => {
  const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
  socket.once("secureConnect", () => secure(socket));
  return socket;
};

/** Writes again and again, until the other end has had enough. */
function drip(socket: Socket, text: string): void {
  const timer = setInterval(() => socket.write(text), DRIP_MS);
  socket.once("close", () => clearInterval(timer));
}

export const SLOW: Readonly<Record<string, Manner>> = {
  "says nothing": (port) => connectTcp(port, "127.0.0.1"),
  "half a TLS handshake": (port) => {
    const socket = connectTcp(port, "127.0.0.1");
    socket.write(HALF_HELLO);
    return socket;
  },
  "TLS, then nothing": (port) => tls(port, () => undefined),
  "headers, one by one": (port) =>
    tls(port, (socket) => {
      socket.write(HEAD);
      drip(socket, "x-more: 1\r\n");
    }),
  "a body, byte by byte": (port) =>
    tls(port, (socket) => {
      socket.write(`${HEAD}content-length: 60000\r\n\r\n`);
      drip(socket, "x");
    }),
  "chunks, byte by byte": (port) =>
    tls(port, (socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      drip(socket, "1\r\nx\r\n");
    }),
  "one small request after the other": (port) =>
    tls(port, (socket) => drip(socket, `${HEAD}content-length: 0\r\n\r\n`)),
};

/** Opens `count` connections of all manners. @returns resolves, for each, when the other end closed it */
export function holdOpen(port: number, count: number): { socket: Socket; manner: string; closed: Promise<void> }[] {
  const manners = Object.entries(SLOW);
  return Array.from({ length: count }, (_, i) => {
    const [manner, open] = manners[i % manners.length] ?? ["", connectTcp];
    const socket = open(port);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    socket.on("error", () => undefined);
    socket.resume();
    socket.once("close", () => resolve(undefined));
    return { socket, manner, closed: promise };
  });
}
