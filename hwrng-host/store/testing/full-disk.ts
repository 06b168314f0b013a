/**
 * Test aid, run as a process whose TMPDIR is a small file system: a whole host whose disk fills up and gets space
 * again. Prints one JSON line with the statuses it saw.
 */
import { mintErrorSchema } from "@bootseed/protocol";
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Bench } from "../../testing/bench.ts";
import { noise } from "../../testing/fake-device.ts";

await using host = new Bench({ samples: noise(16_384) });
const ballast = join(host.dir, "ballast");
const first = await host.guest();
const waiting = await host.reserve();
const free = statfsSync(host.dir);
writeFileSync(ballast, new Uint8Array(free.bfree * free.bsize));

const commits: number[] = [];
while (!commits.includes(503) && commits.length < 64) commits.push(await host.commit(await host.reserve()));
const listed = (await host.vms()).length;
const refused = await host.post(`/v1/reservations/${Buffer.from(waiting.seedId).toString("hex")}/commit`, {
  token: waiting.token,
  bind: "instance",
  name: "x".repeat(200),
});
const { error } = mintErrorSchema.parse(refused.body);
const claimWhileFull = (await host.send("/v1/claims", first.claim())).status;

rmSync(ballast);
const commitAfter = await host.commit(waiting);
const claimAfter = (await host.send("/v1/claims", first.claim())).status;
const packetAfter = (await host.send("/v1/packets", first.hello())).status;
host.restart();
const listedAfter = (await host.vms()).length;
const outcome = {
  commits,
  listed,
  error,
  claimWhileFull,
  commitAfter,
  claimAfter,
  packetAfter,
  listedAfter,
};
process.stdout.write(`${JSON.stringify({ ...outcome, errorStatus: refused.status })}\n`);
