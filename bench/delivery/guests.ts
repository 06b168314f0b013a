/**
 * Process of its own: guests without disk, for load. By `tcp` it is every VM at once, told apart by the loopback address
 * that was dialled; by `pull` it dials the host. All open their packet and send a right receipt.
 *
 * @argument folder of the host's keys, from which every VM's secrets follow; port of `tcp`; host's address; identity seed
 */
import {
  claimSecretFor,
  ed25519Signer,
  encodePacketRequest,
  encodeReceipt,
  encodeReceiptRequest,
  frame,
  FrameReader,
  fromHex,
  keyPair,
  openPacket,
  parseGreeting,
  parsePacketAnswer,
  psk0For,
  pskFor,
  signHello,
  zeroNonce,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { Agent, request } from "node:https";
import { createServer, type Socket } from "node:net";
import { loadIdentity } from "../../hwrng-host/identity/host-identity.ts";
import { seedIdOf } from "../fleet.ts";
import type { Ask, Told } from "./channel.ts";

const CONCURRENCY = 16;
const [dir = "", pushPort, hostAddress = "", identitySeed = ""] = process.argv.slice(2);
const host = loadIdentity(dir);
const identity = keyPair("ed25519", fromHex(identitySeed));
const sign = ed25519Signer(identity.privateKey);
const [hostName = "", hostPort] = hostAddress.split(":");

type Guest = { readonly hello: Uint8Array; open(answer: Uint8Array): Uint8Array };

function guest(seedId: Uint8Array, nonce: Uint8Array): Guest {
  const { hostId, statement, keys } = host;
  const receive = keyPair("x25519", randomBytes(32));
  const fields = { seedId, pkE: receive.publicKey, lastCounter: 0, statementSerial: statement.serial };
  const hello = signHello(fields, { hostId, nonce }, sign);
  const psk = pskFor(psk0For(keys.kPsk, seedId), claimSecretFor(keys.kPsk, seedId, identity.publicKey));
  const { packetPk } = statement;
  const open = (answer: Uint8Array): Uint8Array => {
    const bytes = parsePacketAnswer(answer).packet;
    const skE = receive.privateKey;
    const one = openPacket({ bytes, hostId, seedId, psk, helloBytes: hello, nonce, skE, packetPk, lastCounter: 0 });
    return encodeReceipt({ counter: one.counter, rcMix: 0, rcReseed: 0 }, one.receiptKey);
  };
  return { hello, open };
}

function listenForPush(): void {
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    const reader = new FrameReader(65_535);
    const [, b = 0, c = 0, d = 0] = (socket.localAddress ?? "").split(".").map(Number);
    let one: Guest | null = null;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      for (const message of reader.push(chunk)) {
        if (one === null) {
          one = guest(seedIdOf((b - 1) * 65_536 + c * 256 + d), parseGreeting(message).nonce);
          socket.write(frame(one.hello));
        } else socket.end(frame(one.open(message)));
      }
    });
  });
  server.listen(Number(pushPort), "0.0.0.0", 1024, () => tell({ listening: "tcp" }));
}

async function post(agent: Agent, path: string, body: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const headers = { "content-type": "application/octet-stream", "content-length": body.length };
  const options = { agent, host: hostName, port: hostPort, path, method: "POST", headers, rejectUnauthorized: false };
  const asked = request(options, (answer) => {
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("end", () => {
      if ((answer.statusCode ?? 500) < 300) resolve(Uint8Array.from(Buffer.concat(chunks)));
      else reject(new Error(`${path}: ${answer.statusCode}`));
    });
  });
  asked.on("error", reject);
  asked.end(body);
  return promise;
}

/** Two requests on one new connection, as the kit and the agent make them. */
async function pull(n: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
  const seedId = seedIdOf(n);
  const one = guest(seedId, zeroNonce());
  try {
    const answer = await post(agent, "/v1/packets", encodePacketRequest({ hello: one.hello, statements: [] }));
    await post(agent, "/v1/receipts", encodeReceiptRequest({ seedId, receipt: one.open(answer) }));
  } finally {
    agent.destroy();
  }
}

/** The floor: as many bytes and a new connection, for nothing. */
async function empty(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
  try {
    await post(agent, "/", new Uint8Array(0));
  } finally {
    agent.destroy();
  }
}

async function many(count: number, work: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

function tell(message: Told): void {
  process.send?.(message);
}

process.on("message", (ask: Ask) => {
  if (typeof ask === "string") return;
  const count = "pull" in ask ? ask.pull : ask.empty;
  const work = "pull" in ask ? async (n: number): Promise<void> => pull(ask.first + n) : empty;
  many(count, work).then(
    () => tell({ done: count }),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));
if (pushPort === "0") tell({ listening: "nothing" });
else listenForPush();
