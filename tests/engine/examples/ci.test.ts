/**
 * examples/ci: its script, run as a job would run it, on the engine against the real host, whose `oidc` names an issuer of
 * this machine. Mocks: the issuer, and the address where a job of GitHub's asks for its token.
 */
import { execa } from "execa";
import { appendFileSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { MintingHost } from "../../loopback/minting-host.ts";
import { LocalIssuer } from "../../network/local-issuer.ts";
import { prerequisite } from "../../prerequisite.ts";
import { ROOT } from "../engine.ts";
import { KitVms } from "../kit-vms.ts";
import { startTinyApi, type TinyApi } from "../tiny-api.ts";
import type { Ran } from "../workbench.ts";
import { ExampleStack } from "./example-stack.ts";

const tools = await execa("sh", ["-c", "command -v jq && command -v curl && command -v openssl"], { reject: false });
const present =
  KIT_PYTHON &&
  prerequisite(!tools.failed, "expected jq, curl and openssl: apt-get install them") &&
  // Only root can make the kernel reseed, and bootseed wait asks for no less.
  prerequisite(process.getuid?.() === 0, "expected root: run the tests as root");

const REQUEST_TOKEN = "of-the-job-itself";
const SUB = "repo:acme/infra:ref:refs/heads/main";

describe.skipIf(!present)("ci", { concurrent: false }, () => {
  let host: MintingHost, issuer: LocalIssuer, api: TinyApi, stack: ExampleStack, sub: string;
  const vms = new KitVms();
  const asked: string[] = [];
  const jobTokens = createServer((request: IncomingMessage, answer) => {
    const url = new URL(request.url ?? "", "http://x");
    asked.push(`${request.headers.authorization} ${url.searchParams.get("audience")}`);
    answer.end(JSON.stringify({ count: 1, value: issuer.token({ sub, aud: url.searchParams.get("audience") }) }));
  });
  /** The job's step. */
  const deploy = async (): Promise<Ran> => {
    const { port } = jobTokens.address() as AddressInfo;
    const job = {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: REQUEST_TOKEN,
    };
    const options = {
      cwd: stack.project,
      env: { ...stack.env, ...job },
      extendEnv: false,
      all: true,
      reject: false,
    } as const;
    const ran = await execa("sh", ["deploy.sh", stack.stack], options);
    return { ok: !ran.failed, output: ran.all };
  };

  beforeAll(async () => {
    host = await MintingHost.make();
    const { config, dir } = host.service;
    issuer = await LocalIssuer.start(dir);
    const rule = `{ name: deploy, sub: "${SUB}", stacks: ["organization/ci/prod"], quota: 10 }`;
    const oidc = `oidc: [{ issuer: "${issuer.url}", audience: bootseed, ca: ${issuer.ca}, rules: [${rule}] }]\n`;
    appendFileSync(config, oidc);
    await host.service.start();
    await new Promise<void>((resolve) => jobTokens.listen(0, "127.0.0.1", resolve));
    api = await startTinyApi();
    stack = await ExampleStack.open("ci", { api: api.url });
    await stack.set("bootseed:host", host.url());
  });
  afterAll(async () => {
    jobTokens.close();
    await vms[Symbol.asyncDispose]();
    await issuer?.[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
    await api?.close();
    await stack?.[Symbol.asyncDispose]();
  });

  it("a job of another branch makes nothing", async () => {
    sub = SUB.replace("main", "try");
    const { ok, output } = await deploy();
    expect(ok).toBe(false);
    expect(output).toMatch(/no rule of this host is for the sub/);
    expect(api.calls.filter((call) => call.startsWith("POST"))).toEqual([]);
  });

  it("the job of main makes both droplets, and passes once both have reported", async () => {
    sub = SUB;
    api.onCreate = vms.boot;
    const { ok, output } = await deploy();
    expect(output).toContain("all 2 VMs have reported, reseeded before their first key");
    expect(ok).toBe(true);
    expect(asked.at(-1)).toBe(`bearer ${REQUEST_TOKEN} bootseed`);
    expect((await host.service.vms()).map(({ state }) => state)).toEqual(["reported", "reported"]);
    for (const secret of [REQUEST_TOKEN, "eyJ"]) expect(output).not.toContain(secret);
  });

  it("the gate stays shut when a VM has changed its host keys", async () => {
    const [booted] = await Promise.all(vms.boots);
    if (booted === undefined) throw new Error("nothing booted");
    rmSync(join(booted.guest.root, "etc/ssh"), { recursive: true });
    await booted.guest.makeHostKeys();
    booted.guest.reboot(); // it reports once per boot
    expect(await booted.guest.kit("report")).toMatchObject({ code: 0 });
    const { ok, output } = await deploy();
    expect(ok).toBe(false);
    expect(output).toContain(`${booted.droplet.name}: it has changed its host keys since its first report`);
  });

  it("the workflow runs that script, and may ask for the token", () => {
    const workflow = readFileSync(join(ROOT, "examples/ci/deploy.yml"), "utf8");
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "examples/ci/package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    expect(workflow).toMatch(/^ {2}id-token: write /m);
    expect(workflow).toMatch(/^ {6}- run: npm run deploy acme\/ci\/prod$/m);
    expect(scripts["deploy"]).toBe("sh deploy.sh");
  });
});
