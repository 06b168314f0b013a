import { createServer, type Server, type ServerResponse } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { inspect } from "node:util";
import { BootseedError } from "@bootseed/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MintClient } from "./client.ts";

let dir: string;
let server: Server;
let answer: (response: ServerResponse, path: string) => void;
let client: MintClient;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "bootseed-client-"));
  server = createServer((request, response) => {
    request.resume();
    request.on("end", () => answer(response, `${request.method} ${request.url}`));
  });
  await new Promise<void>((resolve) => server.listen(join(dir, "s"), resolve));
  client = new MintClient(`unix://${dir}/s`, 2_000);
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

/** The error of a request, which has to fail. */
async function failure(asked: Promise<unknown>): Promise<BootseedError> {
  const error: unknown = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(BootseedError);
  return error as BootseedError;
}

describe("MintClient", () => {
  it("reads compressed answers, and refuses one that becomes too large or is damaged", async () => {
    const gzipped = (text: string): void => {
      answer = (response) => response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(text));
    };
    gzipped('{"schema":1,"vms":[]}');
    expect(await client.vms()).toEqual([]);
    gzipped(" ".repeat(33 << 20));
    expect((await failure(client.vms())).code).toBe("too-long");
    answer = (response) => response.writeHead(200, { "content-encoding": "gzip" }).end("{}");
    expect((await failure(client.vms())).code).toBe("malformed");
    answer = (response) => response.writeHead(200, { "content-encoding": "br" }).end("{}");
    expect((await failure(client.vms())).message).toMatch(/encoding br: expected gzip/);
  });
  it.each([
    [403, "forbidden"],
    [404, "malformed"],
    [409, "conflict"],
    [429, "rate-limited"],
    [503, "unavailable"],
    [400, "malformed"],
    [413, "too-long"],
    [500, "io"],
  ] as const)("a %i is %s, with the host's own words", async (status, code) => {
    answer = (response) => {
      response.writeHead(status, { "retry-after": "9" });
      response.end('{"error":{"code":"x","message":"no source","fix":"plug it in"}}');
    };
    const { code: got, message } = await failure(client.vms());
    expect(got).toBe(code);
    expect(message).toMatch(/^host unix:\S+ refused: no source \(plug it in\); try again in 9 s$/);
  });

  it("words of a host that lies reach no terminal as commands, and fill no log", async () => {
    const error = { message: "\u001b]0;x\u0007up\nerror: \u202eevil", fix: "x".repeat(1 << 20) };
    answer = (response) => response.writeHead(403, { "retry-after": "y".repeat(999) }).end(JSON.stringify({ error }));
    const { message } = await failure(client.vms());
    expect(message).toMatch(/^host unix:\S+ refused: \?\]0;x\?up\?error: \?evil \(x{1000}\)$/);
  });

  it("a refusal without JSON is the status", async () => {
    answer = (response) => response.writeHead(502).end("<html>");
    expect((await failure(client.vms())).message).toMatch(/answered 502$/);
  });

  it("an answer that is not JSON, or not the answer, is malformed and never quoted", async () => {
    answer = (response) => response.end("SECRET");
    const noJson = await failure(client.vms());
    expect(noJson.message).toMatch(/did not answer in JSON/);
    expect(inspect(noJson)).not.toMatch(/SECRET/); // causes too
    answer = (response) => response.end('{"schema":1,"vms":[{"name":"SECRET"}]}');
    const another = await failure(client.vms());
    expect(another.code).toBe("malformed");
    expect(another.message).toMatch(/something else at "vms\.0\./);
    expect(inspect(another)).not.toMatch(/SECRET/);
  });

  it("no socket, nobody behind it, hung up", async () => {
    const nowhere = await failure(new MintClient(`unix://${dir}/nothing`).vms());
    expect([nowhere.code, nowhere.message]).toEqual(["unreachable", expect.stringMatching(/there is no such socket/)]);
    answer = (response) => response.destroy();
    expect((await failure(client.vms())).message).toMatch(/closed the connection before it answered/);
  });

  it("an answer that does not come is a timeout", async () => {
    answer = () => undefined;
    const { code, message } = await failure(new MintClient(`unix://${dir}/s`, 50).vms());
    expect([code, message]).toEqual(["timeout", expect.stringMatching(/did not answer in time/)]);
  });

  it("an answer that begins and does not end is a timeout too", async () => {
    answer = (response) => void response.write("{");
    expect((await failure(new MintClient(`unix://${dir}/s`, 50).vms())).code).toBe("timeout");
  });

  it("an endless answer is cut off", async () => {
    answer = (response) => response.end(Buffer.alloc((32 << 20) + 1, 32));
    expect((await failure(new MintClient(`unix://${dir}/s`, 20_000).vms())).code).toBe("too-long");
  });

  it.each(["http://x/", "unix://relative", "", "/run/x", `unix:///${"a".repeat(120)}`])(
    "refuses the host %j",
    (url) => {
      expect(() => new MintClient(url)).toThrow(BootseedError);
    },
  );

  it("asks in the form of the mint API", async () => {
    const seen: string[] = [];
    answer = (response, path) => {
      seen.push(path);
      response.end(JSON.stringify({ seedId: "00".repeat(16), schema: 1, vms: [] }));
    };
    await client.commit("ab".repeat(16), { token: "t", bind: "instance", name: "web" });
    await client.created("o/p/s", []);
    await client.vms();
    expect(seen).toEqual([`POST /v1/reservations/${"ab".repeat(16)}/commit`, "POST /v1/created", "GET /v1/vms"]);
  });
});
