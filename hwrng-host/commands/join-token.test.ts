import {
  encodeJoin,
  fromBase64,
  keyPair,
  parseCertificate,
  parseJoinAnswer,
  parseJoinToken,
  parseStatement,
  toHex,
} from "@bootseed/protocol";
import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ServedHost } from "../testing/served-host.ts";

/** As `bootseed-agent join` does it, without the kernel. @returns status and, if it joined, its seedId */
async function joinWith(host: ServedHost, file: string): Promise<{ status: number; seedId?: string }> {
  const token = parseJoinToken(fromBase64(readFileSync(file, "utf8").trim()));
  const statement = parseStatement(token.statement);
  const { hostId, tokenId, joinKey } = token;
  const identityPk = keyPair("ed25519", randomBytes(32)).publicKey;
  const who = { identityPk, bootId: randomBytes(16), instanceId: toHex(randomBytes(4)), name: "old-db" };
  const request = encodeJoin({ hostId, tokenId, ...who }, joinKey, statement.pins[0] ?? new Uint8Array(0));
  const { status, bytes } = await host.send({ statement }, "/v1/joins", request);
  if (status !== 200) return { status };
  return { status, seedId: toHex(parseCertificate(parseJoinAnswer(bytes).certificate).seedId) };
}

describe("bootseed-host join-token", () => {
  it("writes a token that lets so many machines join, never shows it, and ends it", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const file = join(host.dir, "fleet.token");
    const added = host.run("join-token", "add", "--name", "old-*", "--uses", "2", "--expires", "24h", "--out", file);
    expect(added).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/for 2 machines, named old-\*, until 20[^]*bootseed-agent join/),
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const content = readFileSync(file, "utf8");
    expect(content).toMatch(/^[A-Za-z0-9+/=]+\n$/);

    const first = await joinWith(host, file);
    const second = await joinWith(host, file);
    expect([first.status, second.status, (await joinWith(host, file)).status]).toEqual([200, 200, 403]);
    const listed = host.run("join-token", "ls");
    expect(listed).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^[0-9a-f]{32} old-\*: 2 of 2 used, until 20.*, stack local\/join\/default$/m),
    });
    expect(host.run("status").out).toMatch(/joins\.token-used 1/);

    const again = host.run("join-token", "add", "--name", "old-db", "--out", file);
    expect(again).toMatchObject({ code: 73, err: expect.stringMatching(/exists already/) });
    expect(readFileSync(file, "utf8")).toBe(content);
    const other = join(host.dir, "other.token");
    expect(host.run("join-token", "add", "--name", "old-db", "--out", other).code).toBe(0);
    const { tokens } = JSON.parse(host.run("join-token", "ls", "--json").out);
    // Nothing was made for the file that could not be. Those of one second are listed in any order.
    expect(tokens).toHaveLength(2);
    const open = tokens;
    expect(open.map((token: { uses: number }) => token.uses).toSorted()).toEqual([1, 2]);
    const { id } = open.find((token: { uses: number }) => token.uses === 1);
    expect(host.run("join-token", "revoke", id).code).toBe(0);
    expect((await joinWith(host, other)).status).toBe(403);
    expect(host.run("join-token", "revoke", "00".repeat(16)).code).toBe(64);
    expect(host.run("join-token", "add", "--name", "old-db", "--out", join(host.dir, "missing", "x")).code).toBe(73);
    const after: { revokedAt: number | null }[] = JSON.parse(host.run("join-token", "ls", "--json").out).tokens;
    expect(after.map(({ revokedAt }) => revokedAt).filter((at) => at === null)).toHaveLength(1);
    expect(after).toHaveLength(2);
    expect(
      host.run("join-token", "add", "--name", "old-db", "--out", join(host.dir, "x"), "--uses", "many"),
    ).toMatchObject({
      code: 64,
      err: expect.stringMatching(/--uses many: expected 1 to 100000 machines\n[^]*: --uses 20/),
    });
    expect(
      host.run("join-token", "add", "--name", "old-db", "--out", join(host.dir, "x"), "--expires", "soon").code,
    ).toBe(64);

    const said = [added, listed].map(({ out, err }) => out + err).join("") + host.log;
    const secret = parseJoinToken(fromBase64(content.trim())).joinKey;
    for (const form of [content.trim(), toHex(secret), Buffer.from(secret).toString("base64")])
      expect(said).not.toContain(form);
  });
});

it("join-token add names the live VMs that have the token's name, and what ends them", async () => {
  await using host = await ServedHost.make();
  await host.serve();
  const add = (name: string): string =>
    host.run("join-token", "add", "--name", name, "--out", join(host.dir, toHex(randomBytes(4)))).out;
  const guest = await host.enrolled("web-7");
  expect(add("WEB-7")).toMatch(
    new RegExp(`is live already: when it is gone, bootseed-host revoke ${toHex(guest.seedId)}`),
  );
  expect(add("web-8")).not.toMatch(/live already/);
  expect(host.run("revoke", "web-7").code).toBe(0);
  expect(add("web-7")).not.toMatch(/live already/);
});

describe("bootseed-host revoke", () => {
  it("gives a VM nothing more, by name or by seedId, and says which when two have one name", async () => {
    await using host = await ServedHost.make();
    await host.serve();
    const file = join(host.dir, "fleet.token");
    host.run("join-token", "add", "--name", "old-*", "--uses", "2", "--out", file);
    const [one, two] = [await joinWith(host, file), await joinWith(host, file)];
    const guest = await host.enrolled("web-7");
    expect(host.run("revoke", "old-db")).toMatchObject({
      code: 64,
      err: expect.stringMatching(new RegExp(`2 VMs are called old-db: [^]*${one.seedId}`)),
    });
    expect(host.run("revoke", two.seedId ?? "").code).toBe(0);
    expect(host.run("revoke", "nobody").code).toBe(64);
    expect(host.run("revoke", "web-7", "--json").out).toMatch(/"revoked":true/);
    for (const proof of [false, true])
      expect((await host.send(guest, "/v1/packets", guest.hello({ proof }))).status).toBe(403);
    expect((await host.send(guest, "/v1/claims", guest.claim())).status).toBe(403);
    expect(host.run("status", "--json").out).toMatch(/"packets\.revoked":2/);
  });
});
