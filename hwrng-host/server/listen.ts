/** Sockets: TLS 1.3 for guests, a unix socket for mint. Deadlines and limits are set here, handlers know none. */
import { getRequestListener } from "@hono/node-server";
import { lstatSync, mkdirSync, unlinkSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener, type Server, type ServerOptions } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { connect, type Server as NetServer, Socket } from "node:net";
import { dirname } from "node:path";
import type { SecureContextOptions } from "node:tls";
import { errnoOf, EXIT, HostError, messageOf } from "../host-error.ts";
import { boundPort } from "./bound-port.ts";
import { FairShare } from "./fair-share.ts";
import { giveToMintGroup } from "./mint-group.ts";

type Fetch = (request: Request) => Response | Promise<Response>;

/** A connection has 10 s; checked once a second, so the deadlines are set a second earlier. */
const DEADLINE_MS = 9000;
/** Mint may wait for entropy; its deadline is only for reading the request. */
const MINT_IDLE_MS = 120_000;
const MAX_GUEST_CONNECTIONS = 1000;
/** As many again may have come before those that had to go are gone. */
const MAX_ACCEPTED = 2 * MAX_GUEST_CONNECTIONS;
const MAX_REQUESTS_PER_CONNECTION = 32;

export const deadlines = (deadlineMs: number): ServerOptions => ({
  headersTimeout: deadlineMs,
  requestTimeout: deadlineMs,
  connectionsCheckingInterval: Math.min(1000, deadlineMs),
  keepAliveTimeout: Math.min(5000, deadlineMs),
});

/** An open listener. */
export type Listener = {
  /** "127.0.0.1:7443", or the socket's path. */
  readonly address: string;
  /** Stops accepting, lets requests under way finish, closes idle connections. */
  close(): Promise<void>;
};

/** A listener that shows a certificate. */
export type GuestListener = Listener & {
  /** Shows another certificate. Guests' connections that began under the one before end: a claim's MAC is bound to what its sender saw. */
  useTls(tls: TlsFiles): void;
};

/** The TLS identity, PEM. */
export type TlsFiles = { readonly tlsKeyPem: Uint8Array; readonly tlsCertificatePem: Uint8Array };

/**
 * @param at address and port; port 0 takes a free one
 * @param deadlineMs for handshake, request and the whole connection alike; tests take a shorter one
 * @param maxConnections of all guests together
 * @throws HostError "port-taken" or "unavailable", exit 69
 */
export async function listenGuests(
  fetch: Fetch,
  tls: TlsFiles,
  at: { host: string; port: number },
  deadlineMs: number = DEADLINE_MS,
  maxConnections: number = MAX_GUEST_CONNECTIONS,
): Promise<GuestListener> {
  const options = { ...deadlines(deadlineMs), ...secure(tls), handshakeTimeout: deadlineMs };
  const server = createHttpsServer(options, listenerOf(fetch));
  server.maxConnections = MAX_ACCEPTED;
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  server.setTimeout(deadlineMs);
  const share = new FairShare(maxConnections);
  // For the connection as a whole: small requests, one after the other, would hold it for minutes.
  server.on("connection", (socket) => {
    if (socket instanceof Socket && !share.admit(socket)) return;
    const timer = setTimeout(() => socket.destroy(), deadlineMs);
    socket.once("close", () => clearTimeout(timer));
  });
  const listener = await startTls(server, at, "listen.guests");
  let shown = tls.tlsCertificatePem;
  return {
    ...listener,
    useTls: (next) => {
      listener.useTls(next);
      // A lost connection is tried again; the 403 that such a claim would get is final.
      if (!Buffer.from(shown).equals(next.tlsCertificatePem)) share.endAll();
      shown = next.tlsCertificatePem;
    },
  };
}

/** What both TLS listeners show. */
export const secure = ({ tlsKeyPem, tlsCertificatePem }: TlsFiles): SecureContextOptions => ({
  key: Buffer.from(tlsKeyPem),
  cert: Buffer.from(tlsCertificatePem),
  minVersion: "TLSv1.3",
});

/** @param key of the config, for messages */
export async function startTls(
  server: HttpsServer,
  at: { host: string; port: number },
  key: string,
): Promise<GuestListener> {
  await listening(
    server,
    () => server.listen(at.port, at.host),
    (error) => tlsError(`${at.host}:${at.port}`, key, error),
  );
  const port = boundPort(server);
  return {
    address: `${at.host.includes(":") ? `[${at.host}]` : at.host}:${port}`,
    useTls: (next) => server.setSecureContext(secure(next)),
    close: async () => closing(server),
  };
}

/**
 * @param path of the socket; a stale file is replaced, a live one is not
 * @param groups the content of /etc/group, if it is not to be read
 * @throws HostError exit 69 when another service answers there, 73 when it cannot be made
 */
export async function listenMint(fetch: Fetch, path: string, groups?: string): Promise<Listener> {
  const made = await clearPlace(path);
  const server = createHttpServer(deadlines(DEADLINE_MS), listenerOf(fetch));
  server.setTimeout(MINT_IDLE_MS);
  // The socket must never be open to others, not even for a moment: 0660 from its birth, chmod would be too late.
  const mask = process.umask(0o117);
  try {
    await listening(
      server,
      () => server.listen({ path }),
      (error) => mintError(path, error),
    );
  } finally {
    process.umask(mask);
  }
  // The folder first: for whoever may not enter it there is no socket.
  giveToMintGroup(path, made, groups);
  // net unlinks the socket when it closes.
  return { address: path, close: async () => closing(server) };
}

/** node:http's view of a handler, which answers its own errors. */
export function listenerOf(fetch: Fetch): RequestListener {
  const handle = getRequestListener(fetch);
  return (incoming, outgoing) => {
    void handle(incoming, outgoing);
  };
}

/** Makes the folder, and removes what a killed service left; refuses to touch anything else. @returns the folders it made */
async function clearPlace(path: string): Promise<string[]> {
  const made: string[] = [];
  try {
    const first = mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (first !== undefined)
      for (let folder = dirname(path); folder.startsWith(first); folder = dirname(folder)) made.unshift(folder);
    if (!lstatSync(path).isSocket()) {
      const message = `${path} exists and is not a socket`;
      throw new HostError("io", message, "choose another `listen.mint`, or remove that file", EXIT.cantCreate);
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return made;
    throw error instanceof HostError ? error : mintError(path, error);
  }
  if (await answers(path)) {
    const message = `another service answers on ${path}`;
    throw new HostError(
      "port-taken",
      message,
      "stop the other bootseed-host, or change `listen.mint`",
      EXIT.unavailable,
    );
  }
  unlinkSync(path);
  return made;
}

async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.once("connect", () => resolve(true));
  socket.once("error", () => resolve(false));
  const yes = await promise;
  socket.destroy();
  return yes;
}

async function listening(server: NetServer, start: () => void, explain: (error: unknown) => HostError): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once("error", reject);
  server.once("listening", () => resolve(undefined));
  start();
  try {
    await promise;
  } catch (error) {
    throw explain(error);
  }
}

async function closing(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  server.close(() => resolve(undefined));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), 2000);
  await promise;
  clearTimeout(timer);
}

function tlsError(name: string, key: string, cause: unknown): HostError {
  if (errnoOf(cause) === "EADDRINUSE") {
    const fix = `stop the program that listens there, or change \`${key}\` (\`ss -ltnp\` names it)`;
    return new HostError("port-taken", `${name} is taken by another program`, fix, EXIT.unavailable, { cause });
  }
  const fix = `\`${key}\` must be an address of this machine and a port its user may open`;
  return new HostError("unavailable", `cannot listen on ${name}: ${messageOf(cause)}`, fix, EXIT.unavailable, {
    cause,
  });
}

function mintError(path: string, cause: unknown): HostError {
  const fix = "make its folder writable for the service's user, or change `listen.mint`";
  return new HostError("io", `cannot make the socket ${path}: ${messageOf(cause)}`, fix, EXIT.cantCreate, { cause });
}
