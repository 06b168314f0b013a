import { BootseedError, concat, toHex, utf8 } from "@bootseed/protocol";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, it } from "vitest";
import { AnswerReader, encodePost } from "./http1.ts";

/** In pieces of every size, to see that none matters. */
function read(bytes: Uint8Array, ended = false): { status: number; body: string } | null {
  const seen = [bytes.length > 10_000 ? 999 : 1, 7000, bytes.length].map((size) => {
    const reader = new AnswerReader();
    for (let at = 0; at < bytes.length; at += size) {
      const answer = reader.push(bytes.slice(at, at + size));
      if (answer !== null) return answer;
    }
    return ended ? reader.end() : null;
  });
  for (const each of seen) expect(each).toEqual(seen[0]);
  const [first = null] = seen;
  return first === null ? null : { status: first.status, body: Buffer.from(first.body).toString("latin1") };
}

const code = (bytes: Uint8Array, ended = false): string => {
  try {
    read(bytes, ended);
  } catch (error) {
    return error instanceof BootseedError ? error.code : String(error);
  }
  return "taken";
};
const http = (text: string): Uint8Array => utf8(text.replaceAll("\n", "\r\n"));

describe("AnswerReader", () => {
  it.each([
    ["HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", 200, "abc"],
    ["HTTP/1.1 403 Forbidden\ncontent-length:0\n\n", 403, ""],
    ["HTTP/1.1 204 No Content\n\n", 204, ""],
    ["HTTP/1.1 100 Continue\n\nHTTP/1.1 200\nContent-Length: 1\n\nx", 200, "x"],
    ["HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nab\n1;x=y\nc\n0\n\n", 200, "abc"],
    ["HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na\n0\nX: y\n\n", 200, "a"],
    ["HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 1\n\nx", 200, "x"],
  ])("reads %j", (text, status, body) => {
    expect(read(http(text))).toEqual({ status, body });
  });

  it("reads a body that ends with the connection, and only such a one", () => {
    expect(read(http("HTTP/1.0 200 OK\n\nabc"), true)).toEqual({ status: 200, body: "abc" });
    expect(code(http("HTTP/1.1 200 OK\nContent-Length: 4\n\nabc"), true)).toBe("malformed");
    expect(code(http("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nab"), true)).toBe("malformed");
    // A trailer that is still to come would be taken for the next answer on this connection.
    expect(code(http("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na\n0\n"), true)).toBe("malformed");
  });

  it.each([
    ["SSH-2.0-x\n\n", "malformed"],
    ["HTTP/2 200\n\n", "malformed"],
    ["HTTP/1.1 999 x\n\n", "malformed"],
    ["HTTP/1.1 200 OK\nContent-Length: -1\n\n", "malformed"],
    ["HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\nxy", "malformed"],
    [`HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n${"X: y\n".repeat(2000)}`, "too-long"],
    ["HTTP/1.1 200 OK\nTransfer-Encoding: gzip\n\n", "malformed"],
    ["HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nzz\n", "malformed"],
    ["HTTP/1.1 200 OK\nContent-Length: 65537\n\n", "too-long"],
    [`HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n10001\n`, "too-long"],
    [`HTTP/1.1 200 OK\nX: ${"x".repeat(9000)}`, "too-long"],
    ["HTTP/1.1 100 Continue\n\n".repeat(500), "too-long"],
    [`HTTP/1.1 200 OK\n\n${"x".repeat(70_000)}`, "too-long"],
  ])("refuses %#", (text, expected) => {
    expect(code(http(text))).toBe(expected);
  });
});

describe("encodePost", () => {
  it("is understood by Node's server, twice on one connection", async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        bodies.push(`${request.url} ${toHex(Buffer.concat(chunks))}`);
        response.end(`answer ${bodies.length}`);
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    for (const [index, path] of ["/v1/packets", "/v1/receipts"].entries()) {
      const reader = new AnswerReader();
      socket.write(encodePost("bootseed", path, Uint8Array.of(index, 255)));
      let answer = null;
      while (answer === null) answer = reader.push(concat(...((await once(socket, "data")) as [Buffer])));
      expect(answer).toEqual({ status: 200, body: utf8(`answer ${index + 1}`) });
    }
    expect(bodies).toEqual(["/v1/packets 00ff", "/v1/receipts 01ff"]);
    socket.destroy();
    server.close();
  });
});
