import { describe, expect, it } from "vitest";
import { toBase64, toHex } from "./bytes.ts";
import * as m from "./mint.ts";
import { statusAnswerSchema } from "./status.ts";
import { vmsAnswerSchema } from "./vms.ts";
import * as ex from "./testing/example.ts";

const urn = "urn:pulumi:prod::web::digitalocean:index/droplet:Droplet::web-7";
const reservation = {
  urn,
  seedId: toHex(ex.seedId),
  pool: toBase64(ex.pool),
  claimKey: toBase64(ex.claimKey),
  psk0: toBase64(ex.psk0),
  token: "AAAA",
};
const answer = {
  hostId: toHex(ex.hostId),
  statement: toBase64(ex.statement),
  sourceClass: "chained",
  reservations: [reservation],
};
const vm = {
  name: "web-7",
  urn,
  stack: "acme/web/prod",
  seedId: toHex(ex.seedId),
  bind: "instance",
  state: "reported",
  instanceId: ex.instanceId,
  addresses: ["192.0.2.7"],
  sourceClass: "chained",
  committedAt: ex.now,
  claimedAt: ex.now,
  reportedAt: null,
  hostKeysChanged: false,
  report: ex.reportJson,
  lastTopUp: { counter: 1, at: ex.now, receiptAt: null, rcMix: null, rcReseed: null },
  topUps: 1,
};

describe("mint API", () => {
  it("accepts what the documentation shows", () => {
    expect(m.reservationsRequestSchema.parse({ stack: "acme/web/prod", urns: [urn] }).urns).toEqual([urn]);
    expect(m.reservationsAnswerSchema.parse(answer)).toEqual(answer);
    expect(m.commitRequestSchema.parse({ token: "AAAA", bind: "instance", name: "web-7" }).bind).toBe("instance");
    expect(m.commitAnswerSchema.parse({ seedId: vm.seedId })).toEqual({ seedId: vm.seedId });
    const droplet = { urn, instanceId: "1", addresses: ["192.0.2.7"] };
    expect(m.createdRequestSchema.parse({ stack: "s", droplets: [droplet] }).droplets).toEqual([droplet]);
    const created = { urn, instanceId: "1", seedId: null, state: null, report: null };
    expect(m.createdAnswerSchema.parse({ vms: [created] }).vms).toEqual([created]);
    expect(vmsAnswerSchema.parse({ schema: 1, vms: [vm] }).vms).toEqual([vm]);
    const status = { schema: 1, healthy: false, hostId: vm.seedId.slice(0, 16), sources: [], uptimeSeconds: 3 };
    expect(statusAnswerSchema.parse(status)).toEqual(status);
    const error = { error: { code: "no-source", message: "no healthy source", fix: "plug one in" } };
    expect(m.mintErrorSchema.parse(error)).toEqual(error);
  });

  it.each(["github.com", "web-7", "127.1", "010.0.0.1", "fe80::1%eth0", "a.b", ""])(
    "rejects %j as a droplet's address",
    (address) => {
      const droplet = { urn, instanceId: "1", addresses: ["192.0.2.7", address] };
      expect(m.createdRequestSchema.safeParse({ stack: "s", droplets: [droplet] }).success).toBe(false);
    },
  );

  it.each([
    ["an unknown field", { stack: "s", urns: [urn], urn }],
    ["no urns", { stack: "s", urns: [] }],
    ["a urn with a control character", { stack: "s", urns: ["a\u001b[2Jb"] }],
    ["a missing stack", { urns: [urn] }],
    ["too many urns", { stack: "s", urns: Array.from({ length: 10_001 }, () => urn) }],
  ])("refuses a reservation with %s", (_, body) => {
    expect(m.reservationsRequestSchema.safeParse(body).success).toBe(false);
  });

  it.each([
    ["a pool of 63 bytes", { ...reservation, pool: toBase64(ex.pool.slice(1)) }],
    ["a pool that is not base64", { ...reservation, pool: "?" }],
    ["a seedId in upper case", { ...reservation, seedId: "ABCDEF0123456789ABCDEF0123456789" }],
  ])("refuses an answer with %s", (_, changed) => {
    expect(m.reservationsAnswerSchema.safeParse({ ...answer, reservations: [changed] }).success).toBe(false);
  });

  it.each([
    "203.0.113.9",
    "127.1",
    "0x7f.1",
    "::1",
    "[::1]",
    "fe80::1%eth0",
    "*",
    "a b",
    "a,b",
    "!a",
    "@a",
    "#a",
    "|1|a",
    "a\tb",
    "",
  ])("refuses a commit under the name %j", (name) => {
    expect(m.commitRequestSchema.safeParse({ token: "AAAA", bind: "instance", name }).success).toBe(false);
  });
  it("refuses a commit that binds to nothing", () => {
    expect(m.commitRequestSchema.safeParse({ token: "AAAA", bind: "any", name: "web-7" }).success).toBe(false);
    expect(m.commitRequestSchema.safeParse({ token: "A=", bind: "instance", name: "web-7" }).success).toBe(false);
  });

  it("lets an answer grow fields and drops them", () => {
    expect(m.commitAnswerSchema.parse({ seedId: vm.seedId, later: true })).toEqual({ seedId: vm.seedId });
    expect(vmsAnswerSchema.safeParse({ schema: 2, vms: [] }).success).toBe(false);
  });
});
