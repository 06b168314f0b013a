import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ServedHost } from "../testing/served-host.ts";

it("what is made is shown as JSON without its secret, and revoke takes names and ids", async () => {
  await using host = await ServedHost.make();
  await host.serve();
  const made = (...words: string[]): Record<string, unknown> => {
    const { code, out, err } = host.run(...words, "--json");
    expect([code, err]).toEqual([0, ""]);
    return JSON.parse(out) as Record<string, unknown>;
  };
  const token = (name: string, file: string): Record<string, unknown> =>
    made("join-token", "add", "--name", name, "--out", join(host.dir, file));
  expect(made("init")).toMatchObject({ schema: 1, created: [], stateDir: host.state });
  const seed = made("mint", "--name", "web-7", "--out", join(host.dir, "web-7.seed"));
  expect(seed).toMatchObject({ schema: 1, name: "web-7", stack: "local/by-hand/default" });

  const one = token("db-1", "1.token");
  expect(one).toMatchObject({ schema: 1, name: "db-1", uses: 1, stack: "local/join/default" });
  expect(one).not.toHaveProperty("token");
  expect(made("join-token", "revoke", "db-1")).toEqual({ schema: 1, id: one["id"], revoked: true });
  expect(host.run("join-token", "revoke", "db-1")).toMatchObject({
    code: 64,
    err: expect.stringMatching(/id or the name/),
  });
  // A token that was typed in place of its name is in no log.
  const secret = readFileSync(join(host.dir, "1.token"), "utf8").trim();
  expect(host.run("join-token", "revoke", secret).err).not.toContain(secret.slice(0, 16));
  const two = [token("db-2", "2.token"), token("db-2", "3.token")].map(({ id }) => String(id));
  const both = host.run("join-token", "revoke", "db-2");
  expect(both).toMatchObject({ code: 64, err: expect.stringMatching(/^bootseed-host: 2 tokens are for db-2: /) });
  for (const id of two) expect(both.err).toContain(id);
  expect(made("join-token", "revoke", two[0] ?? "")).toMatchObject({ id: two[0] });
  expect(made("join-token", "revoke", "db-2")).toMatchObject({ id: two[1] });

  const client = made("client", "add", "ci", "--stacks", "acme/**", "--out", join(host.dir, "ci.token"));
  expect(client).toMatchObject({ schema: 1, name: "ci", role: "mint", stacks: ["acme/**"] });
  expect(client).not.toHaveProperty("token");
  expect(made("client", "revoke", String(client["id"]))).toMatchObject({ name: "ci", revoked: true });
  expect(host.run("client", "revoke", "ci").code).toBe(64);

  const guest = await host.enrolled("web-8");
  expect(made("revoke", guest.instanceId)).toMatchObject({ name: "web-8", revoked: true });
});
