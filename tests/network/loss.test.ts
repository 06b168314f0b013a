import { describe, expect, it } from "vitest";
import { AGENT_READY, AgentBuild, ListeningVm, PUSH_PORT } from "./listening-vm.ts";
import { NAMESPACES_READY, Network } from "./namespaces.ts";
import { dialAt, hostOn, kit, pushes, until, type Vm, vmOn } from "./site.ts";

const VMS = 6;
/** Each way by itself: of a request and its answer, a third gets lost. */
const LOSS = `table ip loss {
  chain forward { type filter hook forward priority 0; numgen random mod 100 < 20 counter drop; }
}`;
/** A lost handshake costs nothing; a packet that was sent and lost costs one of two. */
const TRIES = 8;

describe.skipIf(!NAMESPACES_READY || !AGENT_READY)("a network that loses every fifth packet, both ways", () => {
  it("delivers all the same, by pull and by push, and nothing twice", { timeout: 400_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(new Network());
    const [host, cloud] = [network.machine("host"), network.machine("cloud")];
    const service = stack.use(await hostOn(host));
    const vms: Vm[] = [];
    for (let id = 1; id <= 2 * VMS; id++) {
      const vm = await vmOn(cloud, service, id);
      stack.use(vm.guest);
      expect((await kit(vm, "hook")).output).toContain("/v1/claims 200");
      vms.push(vm);
    }
    // One half asks, the other half is dialled: a lost packet costs quota, and nobody has more than two at once.
    const [asking, listening] = [vms.slice(0, VMS), vms.slice(VMS)];
    network.router.rules(LOSS);

    expect(await Promise.all(asking.map(async (vm) => topUp(vm)))).toEqual(asking.map(() => true));
    for (const { topUps, lastTopUp } of (await service.vms()).filter((vm) => vm.topUps > 0)) {
      // A counter for each packet that left, whatever became of it.
      expect(lastTopUp?.counter).toBe(topUps);
    }

    const agent = stack.use(await AgentBuild.make());
    const dialled: ListeningVm[] = [];
    for (const [i, vm] of listening.entries()) {
      const address = cloud.alsoAt(10 + i);
      dialled.push(stack.use(await ListeningVm.start(agent, vm, address)));
      await dialAt(service, vm, `${address}:${PUSH_PORT}`);
    }
    await until(async () => Promise.resolve(dialled.every(({ counter }) => counter > 0)));
    // What came twice, or late, would have been refused, and counted as `bad-counter`.
    for (const { refused } of dialled) expect(refused).not.toContain("bad-counter");
    const { counters, vms: rows } = await pushes(service);
    expect(rows.every(({ staleAt }) => staleAt === null)).toBe(true);
    const dropped = /counter packets (\d+)/.exec(network.router.run("nft", "list", "ruleset"))?.[1];
    process.stdout.write(`push under loss: ${JSON.stringify(counters)}, ${dropped ?? 0} packets dropped\n`);
    expect(Number(dropped)).toBeGreaterThan(0);
  });
});

/** Tops up by hand, again until it is done. */
async function topUp(vm: Vm): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) if ((await kit(vm, "topup now")).code === 0) return true;
  return false;
}
