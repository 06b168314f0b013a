/** Test aid: a port of 127.0.0.1 that is free now. */
import { once } from "node:events";
import { createServer } from "node:net";
import { boundPort } from "../server/bound-port.ts";

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = boundPort(server);
  server.close();
  await once(server, "close");
  return port;
}
