import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fakeCloud, RECORDED_CREATE, type FakeCloud, type Json } from "./testing/fake-cloud.ts";

let cloud: FakeCloud;
beforeEach(() => {
  cloud = fakeCloud();
});
afterEach(async () => {
  await cloud.fleet.stop();
  cloud.remove();
});

const create = async (change: Record<string, unknown> = {}): Promise<Json> => {
  const { status, json } = await cloud.call("POST", "/v2/droplets", { ...RECORDED_CREATE, ...change });
  expect(status).toBe(202);
  return json.droplet;
};
const untilStatus = async (id: number, status: string): Promise<Json> =>
  vi.waitFor(async () => {
    const { json } = await cloud.call("GET", `/v2/droplets/${id}`);
    expect(json.droplet.status).toBe(status);
    return json.droplet;
  });

describe("the official provider's recorded calls", () => {
  it("create: 202 and new, then active and unlocked, with every object that it dereferences", async () => {
    const created = await create();
    expect(created).toMatchObject({ name: "web-1", status: "new", locked: true, tags: ["web"], networks: { v4: [] } });
    const droplet = await untilStatus(created.id, "active");
    expect(droplet).toMatchObject({
      locked: false,
      memory: 1024,
      vcpus: 1,
      disk: 25,
      size_slug: "s-1vcpu-1gb",
      size: { slug: "s-1vcpu-1gb", price_hourly: expect.any(Number), regions: expect.any(Array) },
      region: { slug: "ams3", name: expect.any(String) },
      image: { slug: "debian-12-x64", distribution: "Debian", id: expect.any(Number) },
      networks: { v4: [{ type: "public", ip_address: expect.stringMatching(/^127\.77\.0\.\d+$/) }], v6: [] },
      backup_ids: [],
      volume_ids: [],
      features: [],
    });
    expect(JSON.stringify(droplet)).not.toContain("cloud-config");
  });

  it("tags: untag, make, tag, in that order, each 204 or 201", async () => {
    const { id } = await create({ tags: ["old"] });
    const resources = { resources: [{ resource_id: String(id), resource_type: "droplet" }] };
    expect((await cloud.call("DELETE", "/v2/tags/old/resources", resources)).status).toBe(204);
    expect((await cloud.call("POST", "/v2/tags", { name: "new" })).status).toBe(201);
    expect((await cloud.call("POST", "/v2/tags/new/resources", resources)).status).toBe(204);
    expect((await cloud.call("GET", `/v2/droplets/${id}`)).json.droplet.tags).toEqual(["new"]);
    expect((await cloud.call("GET", "/v2/tags/new")).json.tag).toMatchObject({
      name: "new",
      resources: { count: 1, droplets: { count: 1 } },
    });
    expect((await cloud.call("GET", "/v2/droplets?tag_name=new")).json.droplets).toHaveLength(1);
    expect((await cloud.call("GET", "/v2/droplets?tag_name=old")).json.droplets).toHaveLength(0);
  });

  it("delete: GET, DELETE 204, GET 404, and the machine was stopped", async () => {
    const { id } = await create();
    await untilStatus(id, "active");
    expect(await cloud.call("DELETE", `/v2/droplets/${id}`)).toEqual({ status: 204, json: null });
    expect(cloud.fake.machines[0]?.calls).toEqual(["stop"]);
    expect((await cloud.call("GET", `/v2/droplets/${id}`)).status).toBe(404);
    expect((await cloud.call("DELETE", `/v2/droplets/${id}`)).status).toBe(404);
  });

  it("a repeated POST makes two droplets with the same user-data, as the real API does", async () => {
    const [first, second] = [await create(), await create()];
    expect(second.id).not.toBe(first.id);
    const addresses = await Promise.all(
      [first, second].map(async ({ id }) => (await untilStatus(id, "active")).networks.v4[0].ip_address),
    );
    expect(new Set(addresses).size).toBe(2);
  });
});

const resourcesOf = (type: string): unknown => ({ resources: [{ resource_id: "77", resource_type: type }] });

describe("what is refused", () => {
  it.each([
    ["no token", {}],
    ["an empty token", { authorization: "Bearer " }],
    ["another scheme", { authorization: "Basic dGVzdA==" }],
  ])("401: %s", async (_, headers) => {
    const answer = await cloud.call("GET", "/v2/droplets", undefined, headers);
    expect(answer).toEqual({ status: 401, json: { id: "unauthorized", message: "Unable to authenticate you." } });
  });

  it.each([
    "/v2/droplets/1",
    "/v2/droplets/x",
    "/v2/droplets/1e3",
    "/v2/tags/none",
    "/v2/nothing",
    "/v2/images/none",
    "/local/droplets/1",
    "/v2/actions/1",
  ])("404: %s", async (path) => {
    const answer = await cloud.call("GET", path);
    expect(answer).toEqual({
      status: 404,
      json: { id: "not_found", message: "The resource you requested could not be found." },
    });
  });

  it.each([
    ["a name with a space", { name: "web 1" }, /hostname characters/],
    ["a name that ends in a dash", { name: "web-" }, /hostname characters/],
    ["no name", { name: undefined }, /name/],
    ["another region", { region: "moon1" }, /invalid region.*moon1/],
    ["another size", { size: "huge" }, /invalid size.*huge/],
    ["another image", { image: "fedora-40-x64" }, /invalid image.*fedora-40-x64.*this cloud has debian-12-x64/],
    ["user-data over 64 KiB", { user_data: "ü".repeat(32_769) }, /at most 65536 bytes, got 65538/],
    ["a bad tag", { tags: ["a b"] }, /Tag name/],
    ["an unknown SSH key", { ssh_keys: [7] }, /7 are invalid key identifiers/],
  ])("422: %s", async (_, change, message) => {
    const { status, json } = await cloud.call("POST", "/v2/droplets", { ...RECORDED_CREATE, ...change });
    expect(status).toBe(422);
    expect(json).toEqual({ id: "unprocessable_entity", message: expect.stringMatching(message) as unknown });
    expect(cloud.fleet.list()).toEqual([]);
  });

  it("400: a body that is not JSON; 413: one over a mebibyte", async () => {
    expect((await cloud.call("POST", "/v2/droplets", "{")).status).toBe(400);
    expect((await cloud.call("POST", "/v2/droplets", `"${"x".repeat(1024 * 1024)}"`)).status).toBe(413);
  });

  it("422: tagging something that is no droplet; 404: a droplet that is not there", async () => {
    await cloud.call("POST", "/v2/tags", { name: "t" });
    expect((await cloud.call("POST", "/v2/tags/t/resources", resourcesOf("volume"))).status).toBe(422);
    expect((await cloud.call("POST", "/v2/tags/t/resources", resourcesOf("droplet"))).status).toBe(404);
  });
});

describe("the rest of the API", () => {
  it("shows what was asked for and means nothing here, so that a client sees no drift", async () => {
    const vpc_uuid = "5a4981aa-9653-4bd1-bef5-d6bff52042e4";
    const { id } = await create({ ipv6: true, backups: true, monitoring: true, private_networking: true, vpc_uuid });
    const droplet = await untilStatus(id, "active");
    expect(droplet.features.toSorted()).toEqual(["backups", "ipv6", "monitoring", "private_networking"]);
    expect(droplet.vpc_uuid).toBe(vpc_uuid);
    expect(droplet.networks.v6).toEqual([expect.objectContaining({ ip_address: "fd77::1", type: "public" })]);
  });

  it("takes an image by its number too", async () => {
    const { json } = await cloud.call("GET", "/v2/images/debian-12-x64");
    expect((await create({ image: json.image.id })).image.slug).toBe("debian-12-x64");
    expect((await cloud.call("GET", `/v2/images/${json.image.id}`)).json).toEqual(json);
  });

  it("deletes by tag, and nothing without one", async () => {
    await create({ tags: ["a"] });
    await create({ tags: ["b"] });
    expect((await cloud.call("DELETE", "/v2/droplets")).status).toBe(422);
    expect((await cloud.call("DELETE", "/v2/droplets?tag_name=a")).status).toBe(204);
    expect(cloud.fleet.list().map(({ tags }) => [...tags])).toEqual([["b"]]);
  });

  it("lists in pages", async () => {
    for (const name of ["a", "b", "c"]) await create({ name });
    const { json } = await cloud.call("GET", "/v2/droplets?per_page=2");
    expect(json.droplets.map((d: Json) => d.name)).toEqual(["a", "b"]);
    expect(json.meta.total).toBe(3);
    const { pages } = json.links;
    expect(Object.keys(pages)).toEqual(["next", "last"]);
    expect([pages.next, pages.last]).toEqual(Array(2).fill(expect.stringMatching(/per_page=2&page=2$/)));
    const second = (await cloud.call("GET", "/v2/droplets?per_page=2&page=2")).json;
    expect(second.droplets).toHaveLength(1);
    expect(Object.keys(second.links.pages)).toEqual(["first", "prev"]);
  });

  it("registers SSH keys and gives them to the droplets that name them", async () => {
    const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIINFQofNulRVUyQ3Nx7/l14f+yFckJyseV38MDcw1IZS me";
    const { json } = await cloud.call("POST", "/v2/account/keys", { name: "me", public_key: line });
    expect(json.ssh_key.fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
    expect((await cloud.call("POST", "/v2/account/keys", { name: "me", public_key: line })).status).toBe(422);
    expect((await cloud.call("POST", "/v2/account/keys", { name: "x", public_key: "no key" })).status).toBe(422);
    for (const reference of [json.ssh_key.id, json.ssh_key.fingerprint]) {
      const { id } = await create({ ssh_keys: [reference] });
      expect(cloud.fleet.get(id).publicKeys).toEqual(["ssh-ed25519 AAAA operator", line]);
    }
    expect((await cloud.call("DELETE", `/v2/account/keys/${json.ssh_key.id}`)).status).toBe(204);
    expect((await cloud.call("GET", `/v2/account/keys/${json.ssh_key.id}`)).status).toBe(404);
  });

  it.each(["sizes", "regions", "images"])("lists %s", async (name) => {
    const { json } = await cloud.call("GET", `/v2/${name}`);
    expect(json.meta.total).toBeGreaterThan(0);
    expect(json[name][0].slug).toEqual(expect.any(String));
  });

  it("tells its own things at /local/droplets/ID", async () => {
    const { id } = await create({ monitoring: true });
    await untilStatus(id, "active");
    const { json } = await cloud.call("GET", `/local/droplets/${id}`);
    expect(json).toMatchObject({ id, name: "web-1", status: "active", error: null, pid: 1000, console: "" });
    expect(json.events.map((event: Json) => event.event).slice(0, 2)).toEqual(["created", "started"]);
    expect(json.events[0].message).toContain("shown, not done here: monitoring");
  });
});
