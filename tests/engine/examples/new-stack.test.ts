/** examples/new-stack on the engine, against local-cloud's API and the real host; the shipped kit is the guest. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostProcess } from "../../loopback/host-process.ts";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { KitVms } from "../kit-vms.ts";
import { startTinyApi, type TinyApi } from "../tiny-api.ts";
import { ExampleStack } from "./example-stack.ts";

describe.skipIf(!KIT_PYTHON)("new-stack", { concurrent: false }, () => {
  let host: HostProcess, api: TinyApi, stack: ExampleStack;
  const vms = new KitVms();
  const get = async (path: string): Promise<Record<string, unknown>> => {
    const answer = await fetch(api.url + path, { headers: { authorization: "Bearer test" } });
    return (await answer.json()) as Record<string, unknown>;
  };
  const firewalled = async (): Promise<Set<number>> => {
    const { firewalls } = (await get("/v2/firewalls")) as { firewalls: { droplet_ids: number[] }[] };
    return new Set(firewalls.flatMap(({ droplet_ids: ids }) => ids));
  };

  beforeAll(async () => {
    host = await HostProcess.make();
    await host.start();
    api = await startTinyApi();
    api.onCreate = vms.boot;
    stack = await ExampleStack.open("new-stack", { api: api.url });
    await stack.set("bootseed:host", `unix://${host.mintSocket}`);
  });
  afterAll(async () => {
    await vms[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
    await api?.close();
    await stack?.[Symbol.asyncDispose]();
  });

  it("preview needs no host", async () => {
    await host.stop();
    expect(await stack.must("preview")).toMatch(/\+ 10 to create/);
    await host.start();
  });

  it("up: two seeds, VPC, firewall and address around them, keys of all three addresses", async () => {
    await stack.mustUp();
    const posted = api.posted.map((body) => ({ name: body["name"], tags: body["tags"], vpc: body["vpc_uuid"] }));
    const { vpcs } = (await get("/v2/vpcs")) as { vpcs: { id: string; name: string }[] };
    expect(vpcs).toHaveLength(1);
    for (const name of ["web-1", "web-2"]) expect(posted).toContainEqual({ name, tags: ["web"], vpc: vpcs[0]?.id });
    expect(await firewalled()).toEqual(new Set(api.droplets.keys()));
    // The provider keeps rules as a set: their order is its own.
    const [firewall] = ((await get("/v2/firewalls")) as { firewalls: { outbound_rules: object[] }[] }).firewalls;
    const rules = ["tcp", "udp"].map((protocol) => expect.objectContaining({ protocol, ports: "1-65535" }) as object);
    expect(firewall?.outbound_rules).toHaveLength(2);
    expect(firewall?.outbound_rules).toEqual(expect.arrayContaining(rules));
    const reserved = await stack.output("reserved");
    expect(await get(`/v2/reserved_ips/${reserved}`)).toMatchObject({ reserved_ip: { droplet: { name: "web-1" } } });

    const booted = await Promise.all(vms.boots);
    const wanted = booted.flatMap(({ droplet, hostKeys }) => {
      const keys = hostKeys.filter((key) => !key.startsWith("ssh-dss"));
      const at = droplet.name === "web-1" ? [droplet.address, reserved] : [droplet.address];
      return at.flatMap((address) => keys.map((key) => `${address} ${key}`));
    });
    const lines = (await stack.output("knownHosts")).trim().split("\n");
    expect(lines.toSorted()).toEqual(wanted.toSorted());
    expect((await host.vms()).map(({ name, state, stack: of }) => `${name} ${state} ${of}`).toSorted()).toEqual([
      `web-1 reported ${stack.stack}`,
      `web-2 reported ${stack.stack}`,
    ]);
  });

  it("a no-op changes nothing, refresh neither", async () => {
    await stack.mustUp("--expect-no-changes");
    await stack.must("refresh", "--yes", "--expect-no-changes");
  });

  it("a replaced droplet has another seed; firewall and address follow it", async () => {
    const before = await stack.output("knownHosts");
    await stack.mustUp("--replace", await stack.urn("droplet:Droplet", "web-1"));
    const now = [...api.droplets.values()].find(({ name }) => name === "web-1");
    const reserved = await stack.output("reserved");
    expect(await get(`/v2/reserved_ips/${reserved}`)).toMatchObject({ reserved_ip: { droplet: { id: now?.id } } });
    expect(await firewalled()).toEqual(new Set(api.droplets.keys()));
    const keysAt = (text: string): string[] => text.split("\n").filter((line) => line.startsWith(`${reserved} `));
    const after = await stack.output("knownHosts");
    expect(keysAt(after)).toHaveLength(keysAt(before).length);
    for (const line of keysAt(after)) expect(before).not.toContain(line);
    expect(new Set((await host.vms()).map(({ seedId }) => seedId)).size).toBe(3);
  });

  it("destroy leaves nothing", async () => {
    await stack.must("destroy", "--yes");
    expect(api.droplets.size).toBe(0);
    for (const kind of ["vpcs", "firewalls", "reserved_ips"])
      expect(await get(`/v2/${kind}`)).toMatchObject({ meta: { total: 0 } });
  });
});
