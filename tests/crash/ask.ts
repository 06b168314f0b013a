/** One request to a host's process, of which everything may go wrong: status 0 when no whole answer came. */
import { request as plain, type IncomingMessage, type RequestOptions } from "node:http";
import { request as secure } from "node:https";

export type Answer = { readonly status: number; readonly bytes: Buffer };

/** A killed host answers nothing at all; a living one within its own deadlines. */
const DEADLINE_MS = 15_000;

const NOTHING: Answer = { status: 0, bytes: Buffer.alloc(0) };

/** A message of a guest. The certificate is the test's own host's: not compared here. */
export async function askGuests(port: number, path: string, body: Uint8Array): Promise<Answer> {
  const options = { host: "127.0.0.1", port, path, method: "POST", rejectUnauthorized: false, agent: false };
  return exchange((answered) => secure(options, answered), body);
}

/** JSON to the mint socket; a GET without body. */
export async function askMint(socketPath: string, path: string, body?: object): Promise<Answer> {
  const options: RequestOptions = { socketPath, path, method: body === undefined ? "GET" : "POST", agent: false };
  const headers = { "content-type": "application/json" };
  const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return exchange((answered) => plain({ ...options, headers }, answered), text);
}

type Call = (answered: (message: IncomingMessage) => void) => ReturnType<typeof plain>;

async function exchange(call: Call, body?: Uint8Array): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const nothing = (): void => resolve(NOTHING);
  const request = call((message) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("error", nothing);
    message.on("aborted", nothing);
    message.on("end", () => resolve({ status: message.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
  });
  request.setTimeout(DEADLINE_MS, () => request.destroy());
  request.on("error", nothing);
  request.on("close", nothing);
  request.end(body);
  return promise;
}
