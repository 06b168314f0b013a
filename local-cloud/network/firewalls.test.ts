import { describe, expect, it } from "vitest";
import type { Fleet } from "../fleet.ts";
import { firewallRoutes } from "./firewalls.ts";

describe("the ports of a firewall's rules", () => {
  it.each([
    ["tcp", "1-65535", "1-65535"],
    ["tcp", "22", "22"],
    ["udp", "all", "0"],
    ["udp", "0", "0"],
    ["icmp", undefined, "0"],
    // The provider's own acceptance test sends it, and sees no change afterwards.
    ["icmp", "1-65535", "1-65535"],
  ])("%s %s come back as %s", async (protocol, ports, shown) => {
    const app = firewallRoutes({ list: () => [] } as unknown as Fleet);
    const rule = { protocol, ...(ports === undefined ? {} : { ports }), destinations: { addresses: ["0.0.0.0/0"] } };
    const body = JSON.stringify({ name: "web", outbound_rules: [rule] });
    const answer = await app.request("/", { method: "POST", body, headers: { "content-type": "application/json" } });
    expect(await answer.json()).toMatchObject({ firewall: { outbound_rules: [{ protocol, ports: shown }] } });
  });
});
