import { describe, expect, it } from "vitest";
import { checkCreate } from "./create-request.ts";
import { macOf, type Droplet } from "./droplet.ts";
import { metadataAnswer } from "./metadata.ts";
import { RECORDED_CREATE } from "./testing/fake-cloud.ts";

const droplet = (change: Record<string, unknown> = {}): Droplet => ({
  id: 1234,
  number: 7,
  name: "web-1",
  request: checkCreate({ ...RECORDED_CREATE, ...change }, ["debian-12-x64"]),
  publicKeys: ["ssh-ed25519 AAAA a", "ssh-ed25519 BBBB b"],
  dir: "/nowhere",
  createdAt: "",
  tags: new Set(["web"]),
  features: new Set(),
  size: { slug: "s-1vcpu-1gb", memory: 1024, vcpus: 1, disk: 25 },
  image: "debian-12-x64",
  starting: Promise.resolve(),
  events: [],
  status: "active",
  locked: false,
  machine: undefined,
  launching: undefined,
  error: null,
});
const get = (path: string, of: Droplet = droplet()): string => metadataAnswer("GET", path, of).body;

describe("the metadata service", () => {
  it("gives cloud-init all that it requires: dns, and interfaces with the card's own address", () => {
    const answer = metadataAnswer("GET", "/metadata/v1.json", droplet());
    expect(answer).toMatchObject({ status: 200, type: "application/json" });
    expect(JSON.parse(answer.body)).toMatchObject({
      droplet_id: 1234,
      hostname: "web-1",
      user_data: "#cloud-config\n",
      dns: { nameservers: ["169.254.0.3"] },
      interfaces: { public: [{ mac: macOf(7), ipv4: { ip_address: "169.254.10.15", gateway: "169.254.0.2" } }] },
    });
  });

  it("gives leaves as they are, lists one a line, folders as names", () => {
    expect(get("/metadata/v1/id")).toBe("1234");
    expect(get("/metadata/v1/user-data")).toBe("#cloud-config\n");
    expect(get("/metadata/v1/public-keys")).toBe("ssh-ed25519 AAAA a\nssh-ed25519 BBBB b");
    expect(get("/metadata/v1/interfaces/public/0/ipv4/ip-address")).toBe("169.254.10.15");
    expect(get("/metadata/v1/interfaces/public/")).toBe("0/");
    expect(get("/metadata/v1/").split("\n")).toEqual(
      expect.arrayContaining(["id", "user-data", "interfaces/", "dns/"]),
    );
  });

  it("knows no user-data where there is none", () => {
    const bare = droplet({ user_data: undefined });
    expect(JSON.parse(get("/metadata/v1.json", bare))).not.toHaveProperty("user_data");
    expect(metadataAnswer("GET", "/metadata/v1/user-data", bare).status).toBe(404);
  });

  it.each([
    "/",
    "/metadata",
    "/metadata/v2.json",
    "/metadata/v1/nope",
    "/metadata/v1/id/x",
    "/metadata/v1/toString",
    "/metadata/v1/__proto__",
    "/metadata/v10",
  ])("404: %s", (path) => {
    expect(metadataAnswer("GET", path, droplet()).status).toBe(404);
  });

  it("is read only", () => {
    expect(metadataAnswer("POST", "/metadata/v1/id", droplet()).status).toBe(405);
  });
});
