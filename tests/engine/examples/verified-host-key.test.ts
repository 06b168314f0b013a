/** examples/verified-host-key on the engine, with a real sshd at the droplet's address: which of a server's keys the command provider gets. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SSHD_READY } from "../../network/forced-command.ts";
import { type FakeMint, startFakeMint } from "../fake-mint.ts";
import { startTinyApi, type TinyApi } from "../tiny-api.ts";
import { ExampleStack } from "./example-stack.ts";
import { type KeyKind, KeyedSshd } from "./keyed-sshd.ts";

const PICK = '["ssh-ed25519 ", "ecdsa-sha2-"]';
const AS_US = ["port: config", `user: ${JSON.stringify(userInfo().username)},\n    port: config`] as const;
const ALL: KeyKind[] = ["rsa", "ecdsa", "ed25519"];

describe.skipIf(!SSHD_READY)("verified-host-key", { concurrent: false }, () => {
  const dir = mkdtempSync(join(tmpdir(), "bootseed-command-"));
  let mint: FakeMint, api: TinyApi, stack: ExampleStack, sshd: KeyedSshd;
  let secrets = 0;

  beforeAll(async () => {
    mint = await startFakeMint(join(dir, "mint.sock"));
    api = await startTinyApi();
    sshd = await KeyedSshd.make();
    stack = await ExampleStack.open("verified-host-key", { api: api.url });
    await stack.set("bootseed:host", mint.url);
    const body = JSON.stringify({ name: "operator", public_key: sshd.authorized });
    const account = { method: "POST", headers: { authorization: "Bearer test" }, body };
    const added = (await (await fetch(`${api.url}/v2/account/keys`, account)).json()) as { ssh_key: { id: number } };
    await stack.set("sshKey", String(added.ssh_key.id));
    await stack.set("sshPort", String(sshd.port));
    await stack.setSecret("privateKey", sshd.clientKey);
    stack.edit(AS_US);
  });
  afterAll(async () => {
    for (const one of [stack, sshd]) await one?.[Symbol.asyncDispose]();
    for (const one of [api, mint]) await one?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  /** A new VM whose sshd has `served` and which reported `reported`; then `up` with a new secret for it. */
  const up = async (served: KeyKind[], reported = served): Promise<{ ok: boolean; output: string; digest: string }> => {
    await sshd.start(served);
    mint.hostKeys = reported.map((kind) => sshd.publicKey(kind));
    const secret = `secret ${++secrets}`;
    await stack.setSecret("appKey", secret);
    const there = (await stack.must("stack", "export")).includes("droplet:Droplet::web");
    const replace = there ? ["--replace", await stack.urn("droplet:Droplet", "web")] : [];
    const ran = await stack.run("up", "--yes", "--skip-preview", ...replace);
    return { ...ran, digest: `${createHash("sha256").update(secret).digest("hex")}  -` };
  };

  it.each([
    ["all three kinds", ALL],
    ["RSA and ECDSA", ["rsa", "ecdsa"]],
    ["Ed25519 alone", ["ed25519"]],
  ] as [string, KeyKind[]][])("a VM with %s gets the secret", async (_, kinds) => {
    const { ok, output, digest } = await up(kinds);
    expect(ok, output).toBe(true);
    expect(await stack.output("installed")).toBe(digest);
  });

  it("a VM that reported only an RSA key is an error, and nothing connects to it", async () => {
    const { ok, output } = await up(ALL, ["rsa"]);
    expect(ok).toBe(false);
    expect(output).toMatch(/web has no host key that @pulumi\/command can verify: .* it reported ssh-rsa/);
    expect(sshd.connections).toBe(0);
  });

  it("an RSA key never works, also with a server that has one: ssh-rsa alone is offered", async () => {
    stack.edit(AS_US, [PICK, '["ssh-rsa "]']);
    const { ok, output } = await up(ALL);
    stack.edit(AS_US);
    expect(ok).toBe(false);
    expect(output).toMatch(/no matching host key type found|no common algorithm for host key/);
  });

  it("another key than the server's is refused", async () => {
    await up(["ed25519"]);
    const [given] = mint.hostKeys ?? [];
    await using other = await KeyedSshd.make();
    mint.hostKeys = [other.publicKey("ed25519")];
    expect(mint.hostKeys).not.toEqual([given]);
    const { ok, output } = await stack.run(
      "up",
      "--yes",
      "--skip-preview",
      "--replace",
      await stack.urn("droplet:Droplet", "web"),
    );
    expect(ok).toBe(false);
    expect(output).toMatch(/Host key verification failed|host key mismatch/);
  });
});
