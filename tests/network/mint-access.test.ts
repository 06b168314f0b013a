/** The mint from another machine, as its users have it: the real host, real TLS, real sshd, real ssh, a real issuer. */
import { BootseedError, toHex } from "@bootseed/protocol";
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { selfSigned } from "../../hwrng-host/identity/self-signed.ts";
import { boundPort } from "../../hwrng-host/server/bound-port.ts";
import { freePort } from "../../tools/free-port.ts";
import { ServedHost } from "../../hwrng-host/testing/served-host.ts";
import { MintClient } from "../../seeder/mint-client/client.ts";
import type { MintCredentials } from "../../seeder/mint-client/credentials.ts";
import { mintTransport } from "../../seeder/mint-client/transport.ts";
import { ForcedCommand, MAIN, SSHD_READY } from "./forced-command.ts";
import { LocalIssuer } from "./local-issuer.ts";

const STACK = "acme/web/prod";
const WRONG_PIN = "0".repeat(64);

let host: ServedHost;
let issuer: LocalIssuer;
let port: number;
let pin: string;
const openServers: Server[] = [];

const at = (path: string): string => join(host.dir, path);
const url = (to: number = port, its: string = pin): string => `https://127.0.0.1:${to}#sha256=${its}`;
const over = (credentials: MintCredentials, to: string = url()): MintClient =>
  new MintClient(mintTransport(to, credentials));

/** A token file as an operator makes it. */
function client(name: string, ...options: string[]): { tokenFile: string } {
  const tokenFile = at(`${name}.token`);
  const { code, err } = host.run("client", "add", name, "--out", tokenFile, ...options);
  expect([code, err]).toEqual([0, ""]);
  return { tokenFile };
}

/** Of a client that may mint for every stack. */
function anyToken(): { tokenFile: string } {
  return existsSync(at("any.token")) ? { tokenFile: at("any.token") } : client("any", "--stacks", "**");
}

/** Reserves one seed and takes it. */
async function take(mint: MintClient, stack: string = STACK): Promise<void> {
  const { reservations } = await mint.reserve(stack, ["urn:a"]);
  const [one] = reservations;
  if (one === undefined) throw new Error("no reservation came");
  await mint.commit(one.seedId, { token: one.token, bind: "instance", name: "web" });
}

async function failure(asked: Promise<unknown>): Promise<[string, string]> {
  const error: unknown = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BootseedError)) throw new Error(`expected a refusal, got ${String(error)}`);
  return [error.code, error.message];
}

/** Somebody who listens, and is not the host. @returns its port, and all that it was sent */
async function impostor(server: Server): Promise<{ port: number; heard: () => string }> {
  let all = "";
  server.on("secureConnection", (socket: NodeJS.ReadWriteStream) => {
    socket.on("data", (chunk: Buffer) => (all += chunk.toString()));
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  openServers.push(server);
  await once(server, "listening");
  return { port: boundPort(server), heard: () => all };
}

beforeAll(async () => {
  host = await ServedHost.make();
  issuer = await LocalIssuer.start(host.dir);
  port = await freePort();
  const config = readFileSync(host.config, "utf8").replace("listen:", `listen:\n  mintHttps: 127.0.0.1:${port}`);
  const rules = `[{ name: deploy, sub: "repo:acme/*:ref:refs/heads/main", stacks: ["acme/*/prod"], quota: 1 }]`;
  const oidc = `oidc: [{ issuer: "${issuer.url}", audience: bootseed, ca: ${issuer.ca}, rules: ${rules} }]\n`;
  writeFileSync(host.config, config + oidc);
  await host.serve();
  pin = toHex(new Uint8Array(Buffer.from(certificatePin(), "hex")));
});
afterAll(async () => {
  for (const server of openServers) server.close();
  await issuer[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const certificatePin = (): string =>
  new X509Certificate(readFileSync(join(host.state, "tls.crt"))).fingerprint256.replaceAll(":", "").toLowerCase();

describe("https", () => {
  it("mints with a token file, within role, stacks and quota, until it is revoked", async () => {
    const token = client("ci", "--stacks", "acme/*/prod", "--quota", "2");
    expect(statSync(token.tokenFile).mode & 0o777).toBe(0o600);
    const ci = over(token);
    await take(ci);
    const droplets = [{ urn: "urn:a", instanceId: "7", addresses: ["192.0.2.7"] }];
    expect(await ci.created(STACK, droplets)).toMatchObject([{ instanceId: "7", state: "committed" }]);
    expect(await ci.vms()).toMatchObject([{ stack: STACK, instanceId: "7" }]);
    expect(await failure(ci.reserve("beta/web/prod", ["urn:a"]))).toEqual([
      "forbidden",
      expect.stringMatching(/refused: client ci may not touch the stack beta\/web\/prod: it has acme\/\*\/prod/),
    ]);
    await take(ci);
    expect(await failure(take(ci))).toEqual([
      "rate-limited",
      expect.stringMatching(/ci has had its 2 seeds of this hour.*try again in \d{4} s$/),
    ]);
    const listed = host.run("client", "ls").out;
    expect(listed).toMatch(/^ci \([0-9a-f]{16}\) by token: mint of acme\/\*\/prod, 2 of 2 seeds this hour, until 20/m);
    expect(JSON.parse(host.run("client", "ls", "--json").out)).toMatchObject({ schema: 1, clients: [{ name: "ci" }] });
    expect(host.run("client", "revoke", "ci")).toMatchObject({ code: 0, out: "ci may ask for nothing more\n" });
    expect(await failure(ci.vms())).toEqual(["forbidden", expect.stringMatching(/token of client ci was revoked at/)]);
  });

  it("lets a reader read, and takes its secret from a program too", async () => {
    const { tokenFile } = client("desk", "--role", "read", "--stacks", "acme/**");
    const desk = over({ token: readFileSync(tokenFile, "utf8") });
    expect(await desk.vms()).toBeInstanceOf(Array);
    expect(await failure(take(desk))).toEqual([
      "forbidden",
      expect.stringMatching(/the role read, which may not POST/),
    ]);
  });

  it("sends nothing to another certificate, and says what to compare", async () => {
    const token = client("pinned", "--stacks", "**");
    const pair = await selfSigned("somebody", randomBytes(8));
    const other = await impostor(createServer({ key: pair.keyPem, cert: pair.certificatePem, minVersion: "TLSv1.3" }));
    const wanted = /shows another certificate: expected sha256=.{64}, got sha256=.{64}; nothing was sent to it/;
    expect(await failure(over(token, url(other.port)).vms())).toEqual(["mismatch", expect.stringMatching(wanted)]);
    expect(other.heard()).toBe("");
    expect((await failure(over(token, url(port, WRONG_PIN)).vms()))[0]).toBe("mismatch");
    // The next one's pin beside it, as `client add` prints them.
    expect(await over(token, `${url(port, WRONG_PIN)}&sha256=${pin}`).vms()).toBeInstanceOf(Array);
    expect(other.heard()).toBe("");
  });

  it("a certificate that changed by a statement is known by the pin that was printed before", async () => {
    expect(host.run("statement", "--new-certificate").code).toBe(0);
    host.signal("SIGHUP");
    await expect.poll(() => host.log).toContain("reloaded statement");
    const { out } = host.run("client", "add", "rotated", "--stacks", "**", "--out", at("rotated.token"));
    const printed = /bootseed:host '(https:[^']+)'/.exec(out)?.[1] ?? "";
    expect(printed).toContain(`sha256=${pin}&sha256=`);
    const token = { tokenFile: at("rotated.token") };
    expect(await over(token, printed).vms()).toBeInstanceOf(Array);
    expect(host.run("statement", "--use-certificate", "--now").code).toBe(0);
    host.signal("SIGHUP");
    await expect.poll(async () => failure(over(token).vms()).catch(() => ["", ""])).toContain("mismatch");
    expect(await over(token, printed).vms()).toBeInstanceOf(Array);
    pin = certificatePin();
  });

  it.each([
    ["nobody listens", async () => url(await freePort()), "unreachable", /nothing listens there; set listen.mintHttps/],
    [
      "no TLS there",
      async () => url((await impostor(createTcpServer((socket) => socket.end("220 mail\r\n")))).port),
      "malformed",
      /does not speak TLS 1.3/,
    ],
    ["the guests' port", async () => url(host.port), "malformed", /answered 404: .*guests.*listen\.mintHttps/],
  ])("%s", async (_, to, code, why) => {
    const [got, message] = await failure(over(anyToken(), await to()).vms());
    expect(message).toMatch(why);
    expect(got).toBe(code);
  });

  it("a host with the right certificate that answers nonsense is one sentence", async () => {
    const token = anyToken();
    const tls = { key: readFileSync(join(host.state, "tls.key")), cert: readFileSync(join(host.state, "tls.crt")) };
    const page = createServer(tls, (_, answer) => answer.end("<html>"));
    const shell = createServer(tls);
    shell.removeAllListeners("secureConnection");
    shell.on("secureConnection", (socket) => socket.end("Welcome to web-7\n"));
    const [html, banner] = [await impostor(page), await impostor(shell)];
    expect(await failure(over(token, url(html.port)).vms())).toEqual([
      "malformed",
      expect.stringMatching(/did not answer in JSON/),
    ]);
    expect(await failure(over(token, url(banner.port)).vms())).toEqual([
      "malformed",
      expect.stringMatching(/did not answer in HTTP/),
    ]);
  });

  it("does not read a token that others can", async () => {
    const token = client("loose", "--stacks", "**");
    chmodSync(token.tokenFile, 0o644);
    expect(await failure(over(token).vms())).toEqual(["io", expect.stringMatching(/mode 0644; expected 0600/)]);
  });

  it("client add overwrites nothing, makes no client then, and wants to know the stacks", async () => {
    writeFileSync(at("precious"), "precious");
    const taken = host.run("client", "add", "taken", "--stacks", "**", "--out", at("precious"));
    expect([taken.code, readFileSync(at("precious"), "utf8")]).toEqual([73, "precious"]);
    expect(host.run("client", "add", "bare", "--out", at("bare")).err).toMatch(/expected the stacks/);
    expect(host.run("client", "add", "both", "--stacks", "**").err).toMatch(/--out or --ssh, one of the two/);
    expect(host.run("client", "add", "star", "--stacks", "acme*/**", "--out", at("star")).err).toMatch(/whole segment/);
    expect(host.run("client", "ls").out).not.toMatch(/^(taken|bare|both|star) /m);
  });

  it("nothing of a token is in the host's log or its database", async () => {
    const { tokenFile } = client("canary", "--stacks", "**");
    await over({ tokenFile }).vms();
    host.run("client", "revoke", "canary");
    await failure(over({ tokenFile }).vms());
    const token = readFileSync(tokenFile, "utf8").trim();
    const raw = Buffer.from(token, "base64url");
    const files = ["host.db", "host.db-wal"].map((name) => join(host.state, name)).filter((file) => existsSync(file));
    for (const bytes of [...files.map((file) => readFileSync(file)), Buffer.from(host.log)])
      expect([bytes.includes(token), bytes.includes(raw), bytes.includes(raw.toString("hex"))]).toEqual([
        false,
        false,
        false,
      ]);
  });
});

describe("a CI job's own token", () => {
  const SUB = "repo:acme/infra:ref:refs/heads/main";
  it("mints what its sub may, by the issuer's keys, and the quota is the rule's", async () => {
    const ci = over({ token: issuer.token({ sub: SUB }) });
    await take(ci);
    expect(await failure(take(over({ token: issuer.token({ sub: SUB.replace("infra", "web") }) })))).toEqual([
      "rate-limited",
      expect.stringMatching(/deploy \(repo:acme\/web:.*has had its 1 seeds/),
    ]);
    expect((await failure(ci.reserve("acme/web/dev", ["urn:a"])))[1]).toMatch(/may not touch the stack acme\/web\/dev/);
  });

  it.each([
    ["of another branch", { sub: "repo:acme/infra:ref:refs/heads/x" }, /no rule of this host is for the sub/],
    ["for another audience", { sub: SUB, aud: "aws" }, /unexpected "aud" claim value: expected bootseed/],
    ["that expired", { sub: SUB, exp: 1_700_000_000 }, /"exp" claim timestamp check failed/],
  ])("one %s is told why", async (_, claims, why) => {
    expect(await failure(over({ token: issuer.token(claims) }).vms())).toEqual([
      "forbidden",
      expect.stringMatching(why),
    ]);
  });

  it("signed by somebody else is refused", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const [head, body] = issuer.token({ sub: SUB }).split(".");
    const text = `${head}.${body}`;
    const forged = sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" });
    const token = `${text}.${forged.toString("base64url")}`;
    expect((await failure(over({ token }).vms()))[1]).toMatch(/signature verification failed/);
  });
});

describe.skipIf(!SSHD_READY)("ssh", () => {
  it("mints through a forced command, which says who it is whatever the login asks for", async () => {
    expect(host.run("client", "add", "builder", "--ssh", "--stacks", "acme/**", "--quota", "50").out).toContain(
      `restrict,command="bootseed-host mint-stdio --client builder --config ${host.config}"`,
    );
    await using sshd = await ForcedCommand.start(host.config, "builder");
    vi.stubEnv("PATH", sshd.path);
    const transport = mintTransport(sshd.url);
    const builder = new MintClient(transport);
    // A run's commits come all at once; they share few logins.
    await Promise.all(Array.from({ length: 20 }, async () => take(builder)));
    expect(sshd.logins()).toBeLessThanOrEqual(2);
    expect((await failure(builder.reserve("beta/web/prod", ["urn:a"])))[1]).toMatch(/client builder may not touch/);
    transport.close();
    host.run("client", "revoke", "builder");
    const after = mintTransport(sshd.url);
    expect((await failure(new MintClient(after).vms()))[1]).toMatch(/no mint client is called builder/);
    after.close();
    vi.unstubAllEnvs();
  });

  it("each way it can fail is one sentence", async () => {
    await using sshd = await ForcedCommand.start(host.config, "nobody");
    const said = async (path: string, to: string = sshd.url): Promise<string> => {
      vi.stubEnv("PATH", path);
      const [, message] = await failure(new MintClient(mintTransport(to)).vms());
      vi.unstubAllEnvs();
      return message;
    };
    expect(await said("/nonexistent")).toMatch(/no ssh on PATH: install openssh-client/);
    expect(await said(sshd.withKey("stranger"))).toMatch(/refuses this ssh key.*Permission denied/);
    expect(await said(sshd.withoutKnownHosts())).toMatch(/is not who ssh expects.*Host key verification failed/);
    expect(await said(sshd.path, sshd.url.replace(/\d+$/, String(await freePort())))).toMatch(
      /is unreachable: ssh ended with 255 .*Connection refused/,
    );
    sshd.command("echo Welcome to web-7");
    expect(await said(sshd.path)).toMatch(/did not answer in HTTP/);
    sshd.command("no-such-program");
    expect(await said(sshd.path)).toMatch(/no bootseed-host on its PATH/);
    sshd.command(`${process.execPath} ${MAIN} mint-stdio --config /nonexistent/host.yaml`);
    expect(await said(sshd.path)).toMatch(
      /accepts this ssh key, and cannot mint: cannot read the config: ENOENT.*; to do there: name another with `--config`; .*restore/,
    );
    // What the command prints as a user who may not read the config; root may read every file.
    sshd.command("echo 'bootseed-host: cannot read the config: EACCES: permission denied' >&2; exit 78");
    expect(await said(sshd.path)).toMatch(/cannot mint: cannot read the config: EACCES: permission denied$/);
  });
});
