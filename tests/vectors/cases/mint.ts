/** Vectors of the reservation token, and of what is hashed before it is mixed into a kernel. */
import { hash } from "node:crypto";
import { concat, lp, utf8 } from "../../../protocol/bytes.ts";
import { label } from "../../../protocol/labels.ts";
import * as ex from "../../../protocol/testing/example.ts";
import { encodeToken, type TokenFields } from "../../../protocol/token.ts";
import { refuse, toHex, values, type Accepted, type VectorFile } from "./vector.ts";

const fields: TokenFields = {
  expiry: ex.now + 86_400,
  client: "local",
  stack: "acme/web/prod",
  urn: "urn:pulumi:prod::web::digitalocean:index/droplet:Droplet::web-7",
  sourceClass: "chained",
};
const { kToken } = ex.keys;

/** Tokens are text; in these files, its ASCII in hexadecimal like all bytes. */
const token = (change: Partial<TokenFields>): Uint8Array =>
  utf8(encodeToken({ ...fields, ...change }, ex.seedId, kToken));

function accept(name: string, change: Partial<TokenFields>): Accepted {
  return { name, fields: values({ ...fields, ...change }), bytes: toHex(token(change)) };
}

export const reservationToken: VectorFile = {
  message: "reservation token",
  layout:
    "base64url of: expiry u64 ‖ lp(client) ‖ lp(stack) ‖ lp(urn) ‖ source class ‖ HMAC-SHA-256(K_token, label mint ‖ seedId ‖ all before) 32",
  given: values({ kToken, seedId: ex.seedId, now: ex.now }),
  accepted: [
    accept("chained", {}),
    accept("physical-conditioned", { sourceClass: "physical-conditioned" }),
    accept("physical-raw", { sourceClass: "physical-raw" }),
  ],
  refused: [
    refuse("empty", "bad-token", new Uint8Array(0)),
    refuse("cut short", "bad-token", token({}).slice(0, -4)),
    refuse("padding added", "bad-token", concat(token({}), utf8("="))),
    refuse("of another seed", "bad-token", token({}), { seedId: ex.example("other", 16) }),
    refuse("of another host", "bad-token", token({}), { kToken: ex.example("other", 32) }),
    refuse("at its expiry", "expired", token({}), { now: fields.expiry }),
  ],
};

/** Nanoseconds since 1970 exceed 2^53: decimal text. */
const [monotonicNs, wallNs] = ["23430000000", "1790000000123456789"];
const machineId = "0123456789abcdef0123456789abcdef";
const times = new Uint8Array(16);
new DataView(times.buffer).setBigUint64(0, BigInt(monotonicNs));
new DataView(times.buffer).setBigUint64(8, BigInt(wallNs));
const names = concat(lp(utf8(ex.instanceId)), lp(utf8(machineId)));
const sha512 = (...parts: Uint8Array[]): string => toHex(hash("sha512", concat(...parts), "buffer"));

export const mix: VectorFile = {
  message: "mix",
  layout:
    "seed: SHA-512(label seed ‖ pool 64 ‖ boot_id 16 ‖ monotonic ns u64 ‖ wall ns u64 ‖ lp(instance-id) ‖ lp(machine-id)); packet: SHA-512(label packet ‖ chunk 1024 ‖ monotonic ns u64 ‖ wall ns u64 of the arrival)",
  given: values({ monotonicNs, wallNs }),
  accepted: [
    {
      name: "seed",
      fields: values({ pool: ex.pool, bootId: ex.bootId, instanceId: ex.instanceId, machineId }),
      bytes: sha512(label("seed"), ex.pool, ex.bootId, times, names),
    },
    { name: "packet", fields: values({ chunk: ex.chunk }), bytes: sha512(label("packet"), ex.chunk, times) },
  ],
  refused: [],
};
