/**
 * The protocol a second time, on @noble/* alone and straight from docs/protocol.md, sharing no code with `protocol/`:
 * what the vectors are held against. Only makes messages; it never ships.
 */
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { expand, extract, hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { concatBytes as cat, hexToBytes, utf8ToBytes as ascii } from "@noble/hashes/utils.js";
import type { Json, Values } from "./cases/vector.ts";

const label = (name: string): Uint8Array => ascii(`bootseed v1 ${name}\0`);
const none = new Uint8Array(0);
const one = Uint8Array.of(1);

/** Big-endian, any width: the reference need not be fast. */
function uint(value: Json | undefined, width: number): Uint8Array {
  return hexToBytes(
    BigInt(String(value))
      .toString(16)
      .padStart(2 * width, "0"),
  );
}
const lp = (bytes: Uint8Array): Uint8Array => cat(uint(bytes.length, 2), bytes);
const bytes = (value: Json | undefined): Uint8Array => hexToBytes(String(value));
const list = (value: Json | undefined): readonly Json[] => value as readonly Json[];
const mac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array => hmac(sha256, key, cat(...parts));
const sign = (sk: Json | undefined, ...parts: Uint8Array[]): Uint8Array => ed25519.sign(cat(...parts), bytes(sk));

type Maker = (fields: Values, given: Values) => Uint8Array;

const rootOf = (v: Values): Uint8Array => cat(uint(v["rootAlg"], 1), bytes(v["rootPk"]));

const statement: Maker = (f, g) => {
  const pins = list(f["pins"]).map((pin) => bytes(pin));
  const addresses = list(f["addresses"]).map((address) => lp(ascii(String(address))));
  const head = cat(one, bytes(f["hostId"]), uint(f["serial"], 4), one, rootOf(f), bytes(f["packetPk"]));
  const tail = cat(uint(pins.length, 1), ...pins, uint(addresses.length, 1), ...addresses);
  const next = lp(f["next"] === undefined ? none : rootOf(f["next"] as Values));
  const body = cat(head, uint(f["intervalMs"], 4), tail, next);
  return cat(body, sign(g["rootSk"], label("statement"), body));
};

const seedEntry: Maker = (f) => {
  const ids = cat(one, bytes(f["hostId"]), bytes(f["seedId"]));
  const body = cat(ids, bytes(f["pool"]), bytes(f["claimKey"]), bytes(f["psk0"]), lp(bytes(f["statement"])));
  return cat(body, sha256(body));
};

const claim: Maker = (f, g) => {
  const ids = cat(one, bytes(f["hostId"]), bytes(f["seedId"]), bytes(f["identityPk"]), bytes(f["bootId"]));
  const body = cat(ids, lp(ascii(String(f["instanceId"]))));
  return cat(body, mac(bytes(g["claimKey"]), label("claim"), bytes(g["tlsPin"]), body));
};

const certificate: Maker = (f, g) => {
  const ids = cat(one, bytes(f["hostId"]), bytes(f["seedId"]), bytes(f["identityPk"]));
  const instance = sha256(ascii(String(f["instanceId"])));
  const body = cat(ids, instance, uint(f["issuedAt"], 8), uint(f["statementSerial"], 4));
  return cat(body, sign(g["packetSk"], label("enrolment"), body));
};

const claimAnswer: Maker = (f) =>
  cat(uint(f["state"], 1), bytes(f["freshBytes"]), bytes(f["claimSecret"] ?? ""), bytes(f["certificate"] ?? ""));

const hello: Maker = (f, g) => {
  const ids = cat(one, one, bytes(f["seedId"]), bytes(f["pkE"]));
  const body = cat(ids, uint(f["lastCounter"], 8), uint(f["statementSerial"], 4));
  return cat(body, sign(g["identitySk"], label("hello"), bytes(g["hostId"]), bytes(g["nonce"]), body));
};

const receipt: Maker = (f, g) => {
  const body = cat(uint(f["counter"], 8), uint(f["rcMix"], 1), uint(f["rcReseed"], 1));
  return cat(body, mac(bytes(g["receiptKey"]), label("receipt"), body));
};

/** DER INTEGER of a value that is not negative. */
function integer(value: Json | undefined): Uint8Array {
  const bits = BigInt(String(value)).toString(2).replace(/^0$/, "").length;
  const width = Math.floor(bits / 8) + 1;
  return cat(Uint8Array.of(2, width), uint(value, width));
}

const packet: Maker = (f, g) => {
  const inner = cat(integer(f["timestamp"]), integer(f["counter"]), Uint8Array.of(4, 0x82), lp(bytes(f["chunk"])));
  const pt = cat(Uint8Array.of(0x30, 0x82), lp(inner));
  const { enc, ct } = hpkeSeal(g, pt);
  const helloHash = sha256(cat(bytes(g["nonce"]), bytes(g["hello"])));
  const signature = sign(g["packetSk"], label("packet"), one, one, bytes(g["hostId"]), helloHash, enc, ct);
  return cat(one, one, enc, ct, signature);
};

const labeledExtract = (id: Uint8Array, salt: Uint8Array, name: string, ikm: Uint8Array): Uint8Array =>
  extract(sha256, cat(id, ascii(name), ikm), salt);
const labeledExpand = (id: Uint8Array, prk: Uint8Array, name: string, info: Uint8Array, length = 32): Uint8Array =>
  expand(sha256, prk, cat(uint(length, 2), id, ascii(name), info), length);

/** RFC 9180 sections 4.1, 5.1 and 5.3 for mode_psk. */
function hpkeSeal(g: Values, pt: Uint8Array): { enc: Uint8Array; ct: Uint8Array; receiptKey: Uint8Array } {
  const kem = cat(ascii("HPKE-v1KEM"), uint(0x20, 2));
  const suite = cat(ascii("HPKE-v1HPKE"), uint(0x20, 2), uint(1, 2), uint(3, 2));

  const [skE, pkR] = [bytes(g["ephemeral"]), bytes(g["pkE"])];
  const enc = x25519.getPublicKey(skE);
  const eaePrk = labeledExtract(kem, none, "eae_prk", x25519.getSharedSecret(skE, pkR));
  const shared = labeledExpand(kem, eaePrk, "shared_secret", cat(enc, pkR));
  const info = cat(label("packet"), bytes(g["hostId"]), bytes(g["seedId"]));
  const pskIdHash = labeledExtract(suite, none, "psk_id_hash", bytes(g["seedId"]));
  const context = cat(one, pskIdHash, labeledExtract(suite, none, "info_hash", info));
  const secret = labeledExtract(suite, shared, "secret", bytes(g["psk"]));
  const key = labeledExpand(suite, secret, "key", context);
  const nonce = labeledExpand(suite, secret, "base_nonce", context, 12);
  const exporter = labeledExpand(suite, secret, "exp", context);
  const receiptKey = labeledExpand(suite, exporter, "sec", ascii("bootseed v1 receipt"));
  return { enc, ct: chacha20poly1305(key, nonce, none).encrypt(pt), receiptKey };
}

/** The key that `packet.json` says belongs to a packet: it does not depend on the plaintext. */
export function receiptKeyOf(given: Values): Uint8Array {
  return hpkeSeal(given, none).receiptKey;
}

const string = (content: Uint8Array): Uint8Array => cat(uint(content.length, 4), content);

/** An SSHSIG by an Ed25519 key with SHA-512, as `ssh-keygen -Y sign` makes it. */
function sshsig(sk: Json | undefined, message: Uint8Array, namespace: string): Uint8Array {
  const key = cat(string(ascii("ssh-ed25519")), string(ed25519.getPublicKey(bytes(sk))));
  const head = cat(string(ascii(namespace)), string(none), string(ascii("sha512")));
  const signature = sign(sk, ascii("SSHSIG"), head, string(sha512(message)));
  const blob = cat(string(ascii("ssh-ed25519")), string(signature));
  return cat(ascii("SSHSIG"), uint(1, 4), string(key), head, string(blob));
}

const report: Maker = (f, g) => {
  const json = ascii(String(f["json"]));
  const identity = sshsig(g["identitySk"], json, "bootseed-report@v1");
  const hostKey = sshsig(g["hostKeySk"], json, "bootseed-host-key@v1");
  return cat(uint(json.length, 4), json, lp(identity), one, lp(hostKey));
};

const token: Maker = (f, g) => {
  const sourceClass = ["chained", "physical-conditioned", "physical-raw"].indexOf(String(f["sourceClass"])) + 1;
  const texts = [f["client"], f["stack"], f["urn"]].map((text) => lp(ascii(String(text))));
  const body = cat(uint(f["expiry"], 8), ...texts, uint(sourceClass, 1));
  const whole = cat(body, mac(bytes(g["kToken"]), label("mint"), bytes(g["seedId"]), body));
  return ascii(Buffer.from(whole).toString("base64url"));
};

const statements = (value: Json | undefined): Uint8Array =>
  cat(uint(list(value).length, 1), ...list(value).map((item) => lp(bytes(item))));

const mix: Maker = (f, g) => {
  const times = cat(uint(g["monotonicNs"], 8), uint(g["wallNs"], 8));
  if (f["chunk"] !== undefined) return sha512(cat(label("packet"), bytes(f["chunk"]), times));
  const names = cat(lp(ascii(String(f["instanceId"]))), lp(ascii(String(f["machineId"]))));
  return sha512(cat(label("seed"), bytes(f["pool"]), bytes(f["bootId"]), times, names));
};

/** Gives psk, the end of the chain; the keys on the way are compared by `derived`. */
const derive: Maker = (_, g) => bytes(derived(g)["psk"] ?? "");

/** Every key of derive.json, hexadecimal. */
export function derived(g: Values): Record<string, string> {
  const secret = bytes(g["hostSecret"]);
  const [seedId, identityPk] = [bytes(g["seedId"]), bytes(g["identityPk"])];
  const hostKey = (name: string): Uint8Array => hkdf(sha256, secret, undefined, label(name), 32);
  const [kClaim, kPsk, kToken, kJoin] = [hostKey("claim"), hostKey("psk"), hostKey("token"), hostKey("join")];
  const psk0 = mac(kPsk, label("seed"), seedId);
  const claimSecret = mac(kPsk, label("claim"), seedId, identityPk);
  const psk = mac(psk0, label("claim"), claimSecret);
  const all = { kClaim, kPsk, kToken, kJoin, claimKey: mac(kClaim, seedId), psk0, claimSecret, psk };
  return Object.fromEntries(Object.entries(all).map(([name, key]) => [name, Buffer.from(key).toString("hex")]));
}

/** One maker for each message, by the name in its vector file. */
export const MAKERS: Readonly<Record<string, Maker>> = {
  derive,
  statement,
  "seed entry": seedEntry,
  "seed file": (f) => cat(...list(f["entries"]).map((entry) => lp(bytes(entry)))),
  mix,
  claim,
  "claim answer": claimAnswer,
  certificate,
  report,
  sshsig: (_, g) => sshsig(g["hostKeySk"], bytes(g["message"]), String(g["namespace"])),
  hello,
  packet,
  receipt,
  "packet request": (f) => cat(bytes(f["hello"]), lp(bytes(f["certificate"])), statements(f["statements"])),
  "packet answer": (f) => cat(statements(f["statements"]), lp(bytes(f["packet"]))),
  "receipt request": (f) => cat(bytes(f["seedId"]), bytes(f["receipt"])),
  "reservation token": token,
  "statements request": (f) => cat(bytes(f["hostId"]), uint(f["serial"], 4)),
  "statements answer": (f) => statements(f["statements"]),
  greeting: (f) => cat(bytes(f["hostId"]), bytes(f["nonce"])),
  "tcp frames": (f) => cat(...list(f["messages"]).map((message) => lp(bytes(message)))),
  "join token": (f) => {
    const body = cat(one, bytes(f["hostId"]), bytes(f["tokenId"]), bytes(f["joinKey"]), lp(bytes(f["statement"])));
    return cat(body, sha256(body));
  },
  join: (f, g) => {
    const ids = cat(one, bytes(f["hostId"]), bytes(f["tokenId"]), bytes(f["identityPk"]), bytes(f["bootId"]));
    const body = cat(ids, lp(ascii(String(f["instanceId"]))), lp(ascii(String(f["name"]))));
    return cat(body, mac(bytes(g["joinKey"]), label("join"), bytes(g["tlsPin"]), body));
  },
  "join answer": (f) => cat(bytes(f["freshBytes"]), bytes(f["psk"]), bytes(f["certificate"])),
  "join seedId": (_, g) => {
    const about = cat(bytes(g["tokenId"]), bytes(g["identityPk"]), sha256(ascii(String(g["instanceId"]))));
    return mac(bytes(g["kJoin"]), label("join"), ascii("seed"), about).slice(0, 16);
  },
};
