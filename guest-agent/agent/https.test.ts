/** TLS servers that mean no good: an older TLS, none at all, silence, one byte a second. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type TlsOptions } from "node:tls";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { httpsNetwork } from "./https.ts";

const DEADLINE_MS = 600;
const folder = mkdtempSync(join(tmpdir(), "bootseed-https-"));
let pair: { key: Buffer; cert: Buffer };
beforeAll(() => {
  const [key, cert] = [join(folder, "key"), join(folder, "cert")];
  const words = ["req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", cert];
  execFileSync("openssl", words, { stdio: "ignore" });
  pair = { key: readFileSync(key), cert: readFileSync(cert) };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listening(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const serve = async (serveOne: (socket: Socket) => void, options: TlsOptions = {}): Promise<string> =>
  listening(createServer({ ...pair, ...options }, (socket) => serveOne(socket.on("error", () => undefined))));

describe("httpsNetwork", () => {
  it("speaks TLS 1.3 and nothing older", async () => {
    const address = await serve((socket) => socket.resume(), { maxVersion: "TLSv1.2", minVersion: "TLSv1.2" });
    await expect(httpsNetwork(DEADLINE_MS).connect(address)).rejects.toThrow(/protocol version|unsupported/i);
  });

  it("gives up a server that never shakes hands, when its time is over", async () => {
    const open: Socket[] = [];
    const address = await listening(createTcpServer((socket) => void open.push(socket)));
    const connecting = httpsNetwork(DEADLINE_MS).connect(address);
    await expect(connecting).rejects.toMatchObject({ code: "timeout" });
    for (const socket of open) socket.destroy();
  });

  it.each([
    ["says nothing", (): void => undefined],
    ["drips", (socket: Socket): void => void setInterval(() => socket.write("H"), 50).unref()],
  ])("gives up a server that %s, however busy the line is", async (_, answer) => {
    const address = await serve((socket) => answer(socket.resume()));
    const connection = await httpsNetwork(DEADLINE_MS).connect(address);
    await expect(connection.post("/v1/packets", new Uint8Array(1))).rejects.toMatchObject({ code: "timeout" });
    connection.close();
  });

  it("uses a connection again after a whole answer only", async () => {
    let dialled = 0;
    const says = (socket: Socket): void => {
      dialled++;
      let asked = 0;
      socket.on("data", () => socket.write(asked++ < 1 ? "HTTP/1.1 204 x\r\n\r\n" : "nonsense\r\n\r\n"));
    };
    const network = httpsNetwork(10_000);
    const address = await serve(says);
    const ask = async (): Promise<unknown> => {
      const connection = await network.connect(address);
      const answer = connection.post("/", new Uint8Array(1));
      return answer
        .then(
          ({ status }) => status,
          () => "refused",
        )
        .finally(() => connection.close());
    };
    expect([await ask(), await ask(), await ask(), dialled]).toEqual([204, "refused", 204, 2]);
  });
});
