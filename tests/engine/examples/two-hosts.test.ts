/** examples/two-hosts on the engine against two real hosts: one by its socket, one by https with a token. */
import { parseSeedFile } from "@bootseed/protocol";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostProcess } from "../../loopback/host-process.ts";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { MintingHost } from "../../loopback/minting-host.ts";
import { KitVms, seedIn } from "../kit-vms.ts";
import { startTinyApi, type TinyApi } from "../tiny-api.ts";
import { ExampleStack } from "./example-stack.ts";

describe.skipIf(!KIT_PYTHON)("two-hosts", { concurrent: false }, () => {
  let near: HostProcess, far: MintingHost, api: TinyApi, stack: ExampleStack, token: string;
  const vms = new KitVms();

  beforeAll(async () => {
    near = await HostProcess.make();
    await near.start();
    far = await MintingHost.make();
    await far.service.start();
    api = await startTinyApi();
    api.onCreate = vms.boot;
    stack = await ExampleStack.open("two-hosts", { api: api.url });
    token = readFileSync(await far.client("program", "--stacks", "organization/two-hosts/*"), "utf8").trim();
    await stack.set("nearHost", `unix://${near.mintSocket}`);
    await stack.set("farHost", far.url());
    await stack.setSecret("farToken", token);
  });
  afterAll(async () => {
    await vms[Symbol.asyncDispose]();
    for (const host of [near, far]) await host?.[Symbol.asyncDispose]();
    await api?.close();
    await stack?.[Symbol.asyncDispose]();
  });

  it("the droplet has a seed of each, and both have its report", async () => {
    await stack.must("preview");
    await stack.mustUp();
    const [booted] = await Promise.all(vms.boots);
    expect(parseSeedFile(seedIn(String(booted?.droplet.userData)))).toHaveLength(2);
    for (const host of [near, far.service])
      expect(await host.vms()).toMatchObject([
        { name: "web", state: "reported", instanceId: String(booted?.droplet.id) },
      ]);
    expect(await stack.output("knownHosts")).toContain(`${booted?.droplet.address} ssh-ed25519 `);
  });

  it("with one of them away a replacement goes on, and says who was missing", async () => {
    await near.stop();
    const output = await stack.mustUp("--skip-preview", "--replace", await stack.urn("droplet:Droplet", "web"));
    expect(output).toMatch(/warning: .*unix:\S+mint\.sock.* is unreachable/);
    const booted = (await Promise.all(vms.boots)).at(-1);
    expect(parseSeedFile(seedIn(String(booted?.droplet.userData)))).toHaveLength(1);
  });

  it("the token is nowhere in clear", async () => {
    const state = await stack.must("stack", "export");
    const config = readFileSync(join(stack.project, "Pulumi.prod.yaml"), "utf8");
    for (const text of [state, config, String(api.posted[0]?.["user_data"])]) expect(text).not.toContain(token);
    await stack.must("destroy", "--yes");
  });
});
