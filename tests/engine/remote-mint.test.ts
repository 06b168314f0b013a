/** The repository's own program and a mint elsewhere: by https and a token, by ssh and a key, said in each of the ways there are. */
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { KIT_PYTHON } from "../loopback/kit-python.ts";
import { MintingHost } from "../loopback/minting-host.ts";
import { ForcedCommand, SSHD_READY } from "../network/forced-command.ts";
import { engineBin, ROOT } from "./engine.ts";
import { KitVms } from "./kit-vms.ts";
import { Workbench } from "./workbench.ts";

describe.skipIf(!KIT_PYTHON)("a mint elsewhere", () => {
  let bench: Workbench;
  let host: MintingHost;
  let tokenFile: string;
  const machines = new KitVms();
  const set = (key: string, value: string): Promise<string> => bench.must("config", "set", `bootseed:${key}`, value);

  beforeAll(async () => {
    host = await MintingHost.make();
    await host.service.start();
    tokenFile = await host.client("ci", "--stacks", "organization/bootseed/*", "--quota", "10");
    bench = await Workbench.open();
    bench.api.onCreate = machines.boot;
  });
  afterAll(async () => {
    await machines[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
    await bench?.close();
  });

  /** `up` with no word of warning: droplets that are new are seeded, and have reported. */
  async function passes(droplets: string[], ...args: string[]): Promise<string> {
    const base = { image: "debian-12-x64", size: "s-1vcpu-1gb", region: "ams3" };
    await set("droplets", JSON.stringify(droplets.map((name) => ({ name, ...base }))));
    const output = await bench.mustUp(...args);
    expect(output).not.toMatch(/warning: (?!using pulumi-)|error:/);
    const vms = await host.service.vms();
    expect(vms.map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual(
      droplets.map((name) => `${name} reported`),
    );
    const written = await bench.everythingWritten();
    for (const token of host.tokens) expect([output.includes(token), written.includes(token)]).toEqual([false, false]);
    return output;
  }

  it("https: host and secret token of the stack's configuration", async () => {
    await set("host", host.url());
    await bench.setSecret("token", readFileSync(tokenFile, "utf8"));
    await passes(["a"]);
    expect(await host.operator("client", "ls")).toMatch(/^ci .* 1 of 10 seeds this hour/m);
  });

  it("https: host and token file of the environment", async () => {
    for (const key of ["host", "token"]) await bench.must("config", "rm", `bootseed:${key}`);
    Object.assign(bench.moreEnv, { BOOTSEED_HOST: host.url(), BOOTSEED_TOKEN_FILE: tokenFile });
    await passes(["a"], "--expect-no-changes");
    await passes(["a", "b"]);
    for (const name of ["BOOTSEED_HOST", "BOOTSEED_TOKEN_FILE"]) delete bench.moreEnv[name];
  });

  it("https: a list whose entries have their own tokens", async () => {
    await bench.must("config", "set", "--path", "bootseed:hosts[0].url", host.url());
    await bench.setSecret("hosts[0].token", readFileSync(tokenFile, "utf8"));
    await passes(["a", "b", "c"]);
    await bench.must("config", "rm", "bootseed:hosts");
  });

  it.skipIf(!SSHD_READY)("ssh: the key of a forced command", async () => {
    await host.operator("client", "add", "builder", "--ssh", "--stacks", "organization/**");
    await using sshd = await ForcedCommand.start(host.service.config, "builder");
    const folders = [
      sshd.path,
      await engineBin(),
      join(ROOT, "node_modules/.bin"),
      "/usr/local/bin",
      "/usr/bin",
      "/bin",
    ];
    bench.moreEnv["PATH"] = folders.join(delimiter);
    await set("host", sshd.url);
    await passes(["a", "b", "c", "d"]);
    expect(sshd.logins()).toBeGreaterThan(0);
    expect(await host.operator("client", "ls")).toMatch(/^builder .* 1 seeds this hour/m);
  });
});
