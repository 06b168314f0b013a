import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AGENT_READY, AgentBuild, ListeningVm, PUSH_PORT } from "./listening-vm.ts";
import { NAMESPACES_READY, Network } from "./namespaces.ts";
import { dialAt, hostOn, kit, pushes, until, vmOn } from "./site.ts";
import { Capture, firstTransmissions, type Packet } from "./wire-bytes.ts";

/**
 * Of one delivery when no statement is due, TCP and IP headers included: SYN (60) and FIN (52) of both sides, and four messages (1,358 and 4 × 52).
 * Acknowledgements without data come on top: 4 × 52 on a quiet machine.
 */
const MAX_WIRE_BYTES = 1790;

const bytesOf = (packets: readonly Packet[]): number => packets.reduce((sum, { bytes }) => sum + bytes, 0);

/** Nobody comes in; what this machine began may be answered. */
const NOBODY_IN = `table ip push {
  chain input { type filter hook input priority 0; policy drop; ct state established accept; iif lo accept; }
}`;

/** Only the host comes in, to one port; nothing goes out but answers. */
const onlyFrom = (host: string): string => `table ip push {
  chain input { type filter hook input priority 0; policy drop;
    ct state established accept; iif lo accept; ip saddr ${host} tcp dport ${PUSH_PORT} accept; }
  chain output { type filter hook output priority 0; policy drop; ct state established accept; oif lo accept; }
}`;

describe.skipIf(!NAMESPACES_READY || !AGENT_READY).concurrent("push", () => {
  let agent: AgentBuild;

  beforeAll(async () => {
    agent = await AgentBuild.make();
  });
  afterAll(() => agent[Symbol.dispose]());

  it("reaches a VM that reaches nobody, from a host that nobody reaches", async () => {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(new Network());
    const [host, cloud] = [network.machine("host"), network.machine("cloud")];
    const service = stack.use(await hostOn(host));
    const vm = await vmOn(cloud, service, 1);
    stack.use(vm.guest);
    // A VM claims over the network it was created in; then the doors are closed.
    expect((await kit(vm, "hook")).output).toContain("/v1/claims 200");
    host.rules(NOBODY_IN);
    cloud.rules(onlyFrom(host.address));
    expect((await kit(vm, "topup now")).code).toBe(1);

    const listener = stack.use(await ListeningVm.start(agent, vm, cloud.address));
    const capture = stack.use(await Capture.start(network.router, "cloud", `tcp port ${PUSH_PORT}`));
    await dialAt(service, vm, `${cloud.address}:${PUSH_PORT}`);
    await until(async () => (await pushes(service)).counters["delivered"] === 1);
    const topUp = { counter: 1, rcMix: 0, rcReseed: 0, receiptAt: expect.any(Number) };
    expect(await service.vms()).toMatchObject([{ topUps: 1, lastTopUp: topUp }]);
    expect([listener.counter, listener.refused]).toEqual([1, []]);

    const packets = await capture.closed();
    const sizes = packets.map((packet) => packet.bytes).join(" + ");
    const total = bytesOf(packets);
    process.stdout.write(`one delivery by tcp: ${total} B on the wire in ${packets.length} packets (${sizes})\n`);
    const once = firstTransmissions(packets);
    expect(bytesOf(once)).toBeLessThanOrEqual(MAX_WIRE_BYTES);
    // greeting, hello, answer with the packet, receipt: one packet of IP each
    expect(once.flatMap(({ payload }) => (payload > 0 ? [payload] : []))).toEqual([26, 128, 1160, 44]);
    expect(once.filter(({ syn }) => syn).length, "connections, each opened by both sides").toBe(2);

    // The schedule dials again by itself, within the interval of one minute.
    await until(async () => (await pushes(service)).counters["delivered"] === 2);
    expect([listener.counter, listener.refused]).toEqual([2, []]);
  });

  it("leaves an address alone where somebody else answers, until it is set again", async () => {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(new Network());
    const [host, cloud] = [network.machine("host"), network.machine("cloud")];
    const service = stack.use(await hostOn(host));
    const [vm, stranger] = [await vmOn(cloud, service, 1), await vmOn(cloud, service, 2)];
    for (const { guest } of [vm, stranger]) stack.use(guest);
    for (const each of [vm, stranger]) expect((await kit(each, "hook")).output).toContain("/v1/claims 200");
    // Two enrolled VMs, and the host was told the address of the wrong one.
    const listener = stack.use(await ListeningVm.start(agent, stranger, cloud.address));
    const address = `${cloud.address}:${PUSH_PORT}`;
    await dialAt(service, vm, address);
    await until(async () => (await pushes(service)).vms[0]?.staleAt !== null);
    const { counters, vms } = await pushes(service);
    expect(vms).toMatchObject([{ failures: 3, address }]);
    expect(counters["failed: mismatch"]).toBeGreaterThan(0);
    // Nobody is there while the agent starts again; that is no proof either.
    expect(Object.keys(counters).filter((name) => !name.startsWith("failed: "))).toEqual([]);
    expect(listener.counter).toBe(0);
    expect((await service.vms()).map(({ topUps }) => topUps)).toEqual([0, 0]);
    await dialAt(service, stranger, address);
    await until(async () => (await pushes(service)).counters["delivered"] === 1);
    expect(listener.counter).toBe(1);
    await expect(dialAt(service, vm, `127.0.0.1:${PUSH_PORT}`)).rejects.toThrow(/dial.allow|not dialled/);
    await expect(dialAt(service, vm, `${cloud.address}:22`)).rejects.toThrow(/push.port/);
  });
});
