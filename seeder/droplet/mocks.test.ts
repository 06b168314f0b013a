import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, it } from "vitest";
import { seedStack } from "./seed-stack.ts";
import { SeededDroplet } from "./seeded-droplet.ts";

/** No such host: whoever asks one fails. */
const host = "unix:///nonexistent/mint.sock";
const args = { image: "debian-12-x64", region: "ams3", size: "s-1vcpu-1gb", userData: "#cloud-config\n" };

/** Ends when the SDK knows the value, as in users' tests. */
const valueOf = (output: pulumi.Output<unknown>): Promise<unknown> =>
  new Promise((resolve) => {
    output.apply(resolve);
  });

describe.each([false, true])("a program under setMocks, preview %s", (preview) => {
  let made: string[] = [];
  beforeEach(async () => {
    made = [];
    const newResource = ({
      type,
      name,
      inputs,
    }: pulumi.runtime.MockResourceArgs): pulumi.runtime.MockResourceResult => {
      made.push(type);
      return { id: `${name}-id`, state: { ...(inputs as object), ipv4Address: "192.0.2.7" } };
    };
    const call = (): object => ({});
    await pulumi.runtime.setMocks({ newResource, call }, "web", "test", preview);
  });

  it("keeps a SeededDroplet's arguments, and asks no host", async () => {
    const web = new SeededDroplet("web", { ...args, host, sshPort: 2222, tags: ["web"] });
    expect(await valueOf(web.droplet.userData)).toBe(args.userData);
    expect(await valueOf(web.droplet.tags)).toEqual(["web"]);
    expect(await valueOf(web.droplet.urn)).toContain("bootseed:index:SeededDroplet$digitalocean:");
    expect(made).toEqual(["bootseed:index:SeededDroplet", "digitalocean:index/droplet:Droplet"]);
  });
  it("gives a SeededDroplet outputs that no test takes for a proof", async () => {
    const web = new SeededDroplet("web", { ...args, host });
    expect(await valueOf(pulumi.all([web.knownHosts, web.sshHostKeys, web.seedId, web.evidence]))).toEqual([
      "",
      [],
      "",
      { verdict: "mocked" },
    ]);
  });
  it("leaves droplets alone under seedStack, in every test of a process", async () => {
    seedStack();
    seedStack({ host });
    const droplet = new digitalocean.Droplet("web", args);
    expect(await valueOf(droplet.userData)).toBe(args.userData);
  });
});
