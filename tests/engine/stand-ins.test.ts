/** Whoever reads the output of a run knows which parts were not the official ones. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { engineBin } from "./engine.ts";
import { Fleet } from "./fleet.ts";

it.each([
  ["pulumi-resource-digitalocean", "bootseed's stand-in for droplets"],
  ["pulumi-language-nodejs", "bootseed's stand-in, not the official pulumi-language-nodejs"],
])("%s says that it is a stand-in exactly where it is one", async (plugin, label) => {
  const file = join(await engineBin(), plugin);
  const standIn = existsSync(file) && readFileSync(file, "latin1").startsWith("#!/bin/sh\n# stand-in");
  await using fleet = await Fleet.open(true, { name: "web" });
  expect((await fleet.mustUp()).includes(label)).toBe(standIn);
});
