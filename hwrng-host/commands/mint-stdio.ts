/**
 * `bootseed-host mint-stdio`: the mint API on standard input and output, for sshd's forced command. It forwards what it
 * parsed, request by request, so that whoever logs in cannot say to be somebody else than `--client`.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { MintErrorAnswer } from "@bootseed/protocol";
import { loadConfig } from "../config/load.ts";
import { errnoOf, messageOf } from "../host-error.ts";
import { CLIENT_HEADER } from "../mint/recognise.ts";

export type MintStdioOptions = { readonly config: string; readonly client?: string | undefined };

/** Of a request, all that the service needs to see; who asks is said by us. */
const FORWARDED = ["accept", "accept-encoding", "content-type", "content-length"] as const;
const RETURNED = ["content-type", "content-encoding", "content-length", "retry-after", "www-authenticate"] as const;

/** Runs until `input` ends. @throws HostError "bad-config" */
export async function mintStdio(
  { config, client }: MintStdioOptions,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<void> {
  const socketPath = loadConfig(config).listen.mint;
  // sshd ends dead logins; a program may think for minutes between two requests of one.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (incoming, outgoing) => {
    void forward(socketPath, client, incoming, outgoing);
  });
  const connection = Duplex.from({ readable: input, writable: output });
  const closed = new Promise<void>((resolve) => {
    connection.once("close", resolve);
    connection.once("error", () => resolve());
  });
  server.emit("connection", connection);
  await closed;
}

async function forward(
  socketPath: string,
  client: string | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method, url } = incoming;
  const headers = {
    ...only(incoming, FORWARDED),
    ...framing(incoming),
    ...(client === undefined ? {} : { [CLIENT_HEADER]: client }),
  };
  try {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const call = request({ socketPath, method, path: url, headers, agent: false }, resolve);
    call.on("error", reject);
    // An answer may come before the body is through: too large, not permitted.
    pipeline(incoming, call).catch(reject);
    const answer = await promise;
    outgoing.writeHead(answer.statusCode ?? 502, only(answer, RETURNED));
    await pipeline(answer, outgoing);
  } catch (error) {
    if (outgoing.headersSent) outgoing.destroy();
    else refuse(outgoing, socketPath, error);
  }
}

/**
 * Said by us: without it the body of a GET or DELETE in chunks would go out bare, and read like a request of its own,
 * one that names no client.
 */
const framing = ({ headers }: IncomingMessage): Record<string, string> =>
  headers["transfer-encoding"] === undefined ? {} : { "transfer-encoding": "chunked" };

function only({ headers }: IncomingMessage, names: readonly string[]): Record<string, string> {
  const found = names.map((name) => [name, headers[name]] as const);
  return Object.fromEntries(found.filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

function refuse(outgoing: ServerResponse, socketPath: string, error: unknown): void {
  const denied = errnoOf(error) === "EACCES";
  const fix = denied ? "add the user of this login to the group bootseed-mint" : "start bootseed-host serve there";
  const message = `no bootseed-host answers on ${socketPath}: ${messageOf(error)}`;
  const body: MintErrorAnswer = { error: { code: "unavailable", message, fix } };
  outgoing.writeHead(503, { "content-type": "application/json" }).end(JSON.stringify(body));
}
