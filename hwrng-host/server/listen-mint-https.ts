/** The mint over https, for programs on other machines: the guests' certificate, and time for large requests. */
import { createServer } from "node:https";
import { deadlines, type GuestListener, listenerOf, secure, startTls, type TlsFiles } from "./listen.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** For the handshake and a request's headers: nobody is recognised before them. */
const UNKNOWN_MS = 9000;
/** For a request of 4 MiB over a slow line. */
const REQUEST_MS = 60_000;
/** The answer may wait for entropy. */
const IDLE_MS = 120_000;
const MAX_CONNECTIONS = 256;

/**
 * @param at address and port; port 0 takes a free one
 * @throws HostError "port-taken" or "unavailable", exit 69
 */
export async function listenMintHttps(
  fetch: Fetch,
  tls: TlsFiles,
  at: { host: string; port: number },
): Promise<GuestListener> {
  const limits = { ...deadlines(UNKNOWN_MS), requestTimeout: REQUEST_MS, handshakeTimeout: UNKNOWN_MS };
  const server = createServer({ ...limits, ...secure(tls) }, listenerOf(fetch));
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  return startTls(server, at, "listen.mintHttps");
}
