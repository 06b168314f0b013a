import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { createServer as createNetServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CLIENT_HEADER } from "../mint/recognise.ts";
import { mintStdio } from "./mint-stdio.ts";

let dir: string;
let server: Server;
const [config, socket] = [(): string => join(dir, "host.yaml"), (): string => join(dir, "m.sock")];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stdio-"));
  writeFileSync(config(), `stateDir: ${dir}\nadvertise: ["127.0.0.1:7443"]\nlisten: { mint: ${socket()} }\n`);
});
afterEach(() => {
  server.close();
  rmSync(dir, { recursive: true });
});

/** Sends this as the client `ci` would through ssh. @returns the first bytes of the answer */
async function login(text: string): Promise<string> {
  await once(server.listen(socket()), "listening");
  const [input, output] = [new PassThrough(), new PassThrough()];
  const done = mintStdio({ config: config(), client: "ci" }, input, output);
  input.write(text);
  const [answer] = (await once(output, "data")) as [Buffer];
  input.destroy();
  await done;
  return answer.toString();
}

/** A request that names no client: on the socket, the operator's. */
const INNER = "POST /v1/clients HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
const inChunks = (method: string): string =>
  `${method} /v1/vms HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n` +
  `${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`;

it.each(["GET", "DELETE", "OPTIONS", "POST"])("the body of a %s in chunks stays a body", async (method) => {
  let heard = "";
  server = createNetServer((peer) => {
    peer.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes(INNER)) peer.end("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
  });
  await login(inChunks(method));
  const [head = "", body] = heard.split("\r\n\r\n");
  expect(head.toLowerCase()).toContain("transfer-encoding: chunked");
  expect(body).toMatch(/^[0-9a-f]+\r\nPOST /);
});

it("is one request of its client, whatever the login says of itself", async () => {
  const seen: [string | undefined, IncomingHttpHeaders][] = [];
  server = createServer((incoming, outgoing) => {
    seen.push([incoming.method, incoming.headers]);
    incoming.resume().on("end", () => outgoing.end("{}"));
  });
  const said = `host: x\r\n${CLIENT_HEADER}: root\r\nauthorization: Bearer x\r\n`;
  expect(await login(inChunks("GET").replace("host: x\r\n", said))).toMatch(/^HTTP\/1.1 200 /);
  expect(seen).toEqual([["GET", expect.objectContaining({ [CLIENT_HEADER]: "ci" })]]);
  expect(seen[0]?.[1]).not.toHaveProperty("authorization");
});

it("passes on what is compressed, and that it is", async () => {
  const packed = gzipSync("{}");
  let accepted: string | undefined;
  server = createServer((incoming, outgoing) => {
    accepted = incoming.headers["accept-encoding"];
    outgoing.writeHead(200, { "content-encoding": "gzip" }).end(packed);
  });
  const answer = await login("GET /v1/vms HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n");
  expect([accepted, answer.toLowerCase()]).toEqual(["gzip", expect.stringContaining("content-encoding: gzip")]);
});
