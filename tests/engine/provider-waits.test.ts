/** A cloud that does not know its new droplet yet, as after a create on reserved hardware: the provider asks again. */
import { expect, it } from "vitest";
import { Fleet } from "./fleet.ts";

it("a 404 after create is asked again, and no second droplet is made", async () => {
  await using fleet = await Fleet.open(true, { name: "web" });
  fleet.bench.api.faults.add("GET /v2/droplets/*: 404 x3");
  await fleet.mustUp();
  const asked = fleet.bench.api.calls.filter((call) => /^GET \/v2\/droplets\/\d+$/.test(call));
  expect([asked.length > 3, fleet.bench.api.posted.length, fleet.bench.api.droplets.size]).toEqual([true, 1, 1]);
  expect(fleet.committed).toEqual(["web"]);
});
