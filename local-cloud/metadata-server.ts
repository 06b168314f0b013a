import { createServer, type Server } from "node:http";
import type { MetadataAnswer } from "./metadata.ts";

/** Serves the metadata of one droplet on a Unix socket in its folder, to which only this user has access. */
export async function serveMetadata(
  path: string,
  answer: (method: string, path: string) => MetadataAnswer,
): Promise<Server> {
  const server = createServer({ keepAlive: false }, (request, response) => {
    const { status, type, body } = answer(request.method ?? "GET", (request.url ?? "/").split("?")[0] ?? "/");
    // one guest connection is one process of QEMU's: end it with the answer
    response.writeHead(status, {
      "content-type": type,
      "content-length": Buffer.byteLength(body),
      connection: "close",
    });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return server;
}
