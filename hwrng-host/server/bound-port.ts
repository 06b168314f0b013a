/** The port a TCP server got. */
import type { Server } from "node:net";

/** @throws TypeError when the server does not listen, or listens on a path */
export function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("expected a server that listens on a port");
  return address.port;
}
