/**
 * A tiny guest for `tcp` push, in place of a real agent: it takes over the state that the kit left in a root folder and
 * serves deliveries on one address. Every packet it accepts is a line on stdout. It mixes nothing.
 *
 *     node tiny-guest.ts ROOT ADDRESS PORT
 */
import {
  BootseedError,
  ed25519Signer,
  encodePacketRequest,
  encodeReceipt,
  frame,
  FrameReader,
  keyPair,
  openPacket,
  parseCertificate,
  parseGreeting,
  parsePacketAnswer,
  parseStatement,
  signHello,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";

const [root = "", address = "", port = ""] = process.argv.slice(2);
const keep = join(root, "var/lib/bootseed");
const folder = join(keep, readdirSync(keep).find((name) => /^[0-9a-f]{16}$/.test(name)) ?? "none");
const file = (name: string): Buffer => readFileSync(join(folder, name));

const certificate = parseCertificate(file("certificate"));
const statement = parseStatement(file("statement"));
const { seedId, hostId } = certificate;
const sign = ed25519Signer(openSshSeed(file("identity").toString()));

function lastCounter(): number {
  return existsSync(join(folder, "counter")) ? Number(file("counter").readBigUInt64BE()) : 0;
}

/** The 32 bytes that an unencrypted ed25519 key of ssh-keygen grows from (PROTOCOL.key of OpenSSH). */
function openSshSeed(pem: string): Uint8Array {
  const bytes = Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
  const name = Buffer.from("\0\0\0\x0bssh-ed25519");
  const inPrivatePart = bytes.lastIndexOf(name) + name.length;
  // string publicKey (4 + 32), string seed ‖ publicKey (4 + 64)
  return Uint8Array.from(bytes.subarray(inPrivatePart + 40, inPrivatePart + 72));
}

/** One delivery; ends the connection when anything is not as it should be. */
function serve(socket: Socket): void {
  const reader = new FrameReader(65_535);
  const receiveKey = keyPair("x25519", randomBytes(32));
  let nonce: Uint8Array | null = null;
  let hello: Uint8Array = new Uint8Array(0);
  let refusals = 0;
  const take = (message: Uint8Array): void => {
    if (nonce === null) {
      ({ nonce } = parseGreeting(message));
      const fields = {
        seedId,
        pkE: receiveKey.publicKey,
        lastCounter: lastCounter(),
        statementSerial: statement.serial,
      };
      hello = signHello(fields, { hostId, nonce }, sign);
      socket.write(frame(hello));
    } else if (message.length === 0) {
      if (refusals++ > 0) throw new BootseedError("forbidden", "refused twice");
      const proof = { certificate: certificate.bytes, statements: [statement.bytes] };
      socket.write(frame(encodePacketRequest({ hello, ...proof })));
    } else {
      const { packet } = parsePacketAnswer(message);
      const known = { hostId, seedId, psk: file("psk"), packetPk: statement.packetPk, lastCounter: lastCounter() };
      const opened = openPacket({ ...known, bytes: packet, helloBytes: hello, nonce, skE: receiveKey.privateKey });
      const counter = Buffer.alloc(8);
      counter.writeBigUInt64BE(BigInt(opened.counter));
      writeFileSync(join(folder, "counter.tiny"), counter, { flush: true });
      renameSync(join(folder, "counter.tiny"), join(folder, "counter"));
      process.stdout.write(`accepted ${opened.counter}\n`);
      socket.end(frame(encodeReceipt({ counter: opened.counter, rcMix: 0, rcReseed: 0 }, opened.receiptKey)));
    }
  };
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on("error", () => undefined);
  socket.on("data", (chunk: Buffer) => {
    try {
      for (const message of reader.push(chunk)) take(message);
    } catch (error) {
      process.stdout.write(`refused ${error instanceof BootseedError ? error.code : String(error)}\n`);
      socket.destroy();
    }
  });
}

createServer({ noDelay: true }, serve).listen(Number(port), address, () => process.stdout.write("ready\n"));
