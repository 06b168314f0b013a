import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { IncomingMessage, request as httpRequest } from "node:http";
import { request } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { selfSigned } from "../identity/self-signed.ts";
import { prerequisite } from "../../tests/prerequisite.ts";
import { boundPort } from "./bound-port.ts";
import { listenGuests, listenMint } from "./listen.ts";

const dir = mkdtempSync(join(tmpdir(), "bootseed-listen-"));
const pair = await selfSigned("bootseed test", new Uint8Array(8));
const tls = { tlsKeyPem: Buffer.from(pair.keyPem), tlsCertificatePem: Buffer.from(pair.certificatePem) };
const app = new Hono()
  .use(
    bodyLimit({
      maxSize: 65_536,
      onError: () => new Response(null, { status: 413, headers: { connection: "close" } }),
    }),
  )
  .post("/echo", async (c) => new Response(await c.req.arrayBuffer()));
app.onError(() => new Response(null, { status: 400 }));

afterAll(() => rmSync(dir, { recursive: true, force: true }));

function statusOf([answer]: unknown[]): number {
  if (!(answer instanceof IncomingMessage)) throw new TypeError("expected an answer");
  answer.resume();
  return answer.statusCode ?? 0;
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(":") + 1));

async function dial(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  return socket;
}

async function post(port: number, body: Uint8Array): Promise<number> {
  const call = request({ port, host: "127.0.0.1", method: "POST", path: "/echo", rejectUnauthorized: false });
  const answered = once(call, "response");
  // After a 413 the server closes: what was still being sent is of no interest.
  call.on("error", () => undefined);
  call.end(body);
  return statusOf(await answered);
}

const ask = async (path: string): Promise<number> => {
  const call = httpRequest({ socketPath: path, path: "/", method: "GET" }).end();
  return statusOf(await once(call, "response"));
};

describe("the guests' listener", () => {
  it("speaks TLS 1.3 with the pinned certificate, and nothing older", async () => {
    const listener = await listenGuests(app.fetch, tls, { host: "127.0.0.1", port: 0 });
    const port = portOf(listener.address);
    const socket = await dial(port, {});
    expect(socket.getProtocol()).toBe("TLSv1.3");
    expect(socket.getPeerX509Certificate()?.toString()).toBe(pair.certificatePem);
    socket.destroy();
    await expect(dial(port, { maxVersion: "TLSv1.2" })).rejects.toThrow(/version/i);
    expect(await post(port, new Uint8Array(65_536))).toBe(200);
    expect(await post(port, new Uint8Array(65_537))).toBe(413);
    await listener.close();
  });

  it("ends connections that began under another certificate, and keeps them under the same", async () => {
    const noDeadline = 600_000;
    const listener = await listenGuests(app.fetch, tls, { host: "127.0.0.1", port: 0 }, noDeadline);
    const socket = await dial(portOf(listener.address), {});
    socket.on("error", () => undefined);
    listener.useTls({ ...tls });
    const half = await dial(portOf(listener.address), {});
    half.on("error", () => undefined);
    // Half a request: nothing else ends this connection.
    half.write("POST /echo HTTP/1.1\r\n");
    socket.write("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    expect(String(await once(socket, "data"))).toMatch(/^HTTP\/1\.1 200/);
    const next = await selfSigned("bootseed test", new Uint8Array(8).fill(1));
    const closed = once(half, "close");
    listener.useTls({ tlsKeyPem: Buffer.from(next.keyPem), tlsCertificatePem: Buffer.from(next.certificatePem) });
    await closed;
    const after = await dial(portOf(listener.address), {});
    expect(after.getPeerX509Certificate()?.toString()).toBe(next.certificatePem);
    after.destroy();
    await listener.close();
  });

  it("says in one sentence that the port is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const port = boundPort(other);
    await expect(listenGuests(app.fetch, tls, { host: "127.0.0.1", port })).rejects.toMatchObject({
      code: "port-taken",
      exit: 69,
      message: `127.0.0.1:${port} is taken by another program`,
    });
    other.close();
    await expect(listenGuests(app.fetch, tls, { host: "192.0.2.77", port: 0 })).rejects.toMatchObject({
      fix: expect.stringMatching(/address of this machine/),
    });
  });

  it(
    "closes connections that send nothing, or send slowly, and serves others meanwhile",
    { timeout: 30_000 },
    async () => {
      const listener = await listenGuests(app.fetch, tls, { host: "127.0.0.1", port: 0 }, 1000);
      const port = portOf(listener.address);
      const idle = await Promise.all(Array.from({ length: 30 }, async () => dial(port, {})));
      for (const socket of idle.slice(0, 20)) {
        socket.write("POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n");
        const drip = setInterval(() => socket.write("x"), 100);
        socket.once("close", () => clearInterval(drip));
      }
      const closed = idle.map(async (socket) => {
        socket.resume();
        // A reset is an end like any other; `once` of node:events would take it for a failure.
        socket.on("error", () => undefined);
        await new Promise((resolve) => socket.once("close", resolve));
      });
      expect(await post(port, new Uint8Array(10))).toBe(200);
      await Promise.all(closed);
      await listener.close();
    },
  );

  it("reads no more than it must of bodies that are too large", async () => {
    const listener = await listenGuests(app.fetch, tls, { host: "127.0.0.1", port: 0 });
    const port = portOf(listener.address);
    const before = process.memoryUsage().rss;
    const body = new Uint8Array(4_000_000);
    const statuses = [];
    for (let i = 0; i < 20; i++) statuses.push(await post(port, body));
    expect(new Set(statuses)).toEqual(new Set([413]));
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * 1024 * 1024);
    await listener.close();
  });
});

const ROOT = prerequisite(process.getuid?.() === 0, "expected root, who may give a file to any group");

describe("the mint socket", () => {
  it("is for owner and group only, and gone afterwards", async () => {
    const path = join(dir, "sub", "mint.sock");
    const listener = await listenMint(app.fetch, path);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await ask(path)).toBe(404);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  it.skipIf(!ROOT)("is its group's, and so are the folders that are made for it, and no other", async () => {
    const groups = "bootseed-mint:x:4242:\n";
    const path = join(dir, "run/bootseed/mint.sock");
    const mask = process.umask(0o077);
    const listener = await listenMint(app.fetch, path, groups);
    process.umask(mask);
    const view = (of: string): [number, number] => [statSync(of).gid, statSync(of).mode & 0o777];
    expect([dir, join(dir, "run"), join(dir, "run/bootseed"), path].map(view)).toEqual([
      [statSync(tmpdir()).gid, 0o700],
      [4242, 0o750],
      [4242, 0o750],
      [4242, 0o660],
    ]);
    await listener.close();
  });

  it("is nobody else's where there is no such group: the folders that are made for it are closed", async () => {
    const path = join(dir, "closed/bootseed/mint.sock");
    const listener = await listenMint(app.fetch, path, "users:x:100:\n");
    for (const folder of ["closed", "closed/bootseed"]) expect(statSync(join(dir, folder)).mode & 0o777).toBe(0o700);
    await listener.close();
  });

  it("replaces what a killed service left", async () => {
    const path = join(dir, "stale.sock");
    const leave = `import socket; socket.socket(socket.AF_UNIX).bind('${path}')`;
    execFileSync("python3", ["-I", "-c", leave]);
    expect(statSync(path).isSocket()).toBe(true);
    const listener = await listenMint(app.fetch, path);
    expect(await ask(path)).toBe(404);
    await listener.close();
  });

  it("is never taken from a service that answers", async () => {
    const path = join(dir, "live.sock");
    const listener = await listenMint(app.fetch, path);
    await expect(listenMint(app.fetch, path)).rejects.toMatchObject({ code: "port-taken", exit: 69 });
    expect(await ask(path)).toBe(404);
    await listener.close();
  });

  it("never replaces a file, and says so when its folder cannot be made", async () => {
    const path = join(dir, "precious");
    writeFileSync(path, "precious");
    await expect(listenMint(app.fetch, path)).rejects.toMatchObject({
      exit: 73,
      message: expect.stringMatching(/not a socket/),
    });
    expect(readFileSync(path, "utf8")).toBe("precious");
    await expect(listenMint(app.fetch, join(path, "mint.sock"))).rejects.toMatchObject({ exit: 73 });
  });
});
