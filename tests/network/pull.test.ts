import { describe, expect, it } from "vitest";
import { AGENT_READY, AgentBuild } from "./listening-vm.ts";
import { NAMESPACES_READY, Network } from "./namespaces.ts";
import { hostOn, kit, vmOn } from "./site.ts";
import { Relay, SSH_READY } from "./ssh-tunnel.ts";

describe.skipIf(!NAMESPACES_READY)("pull", () => {
  it.skipIf(!AGENT_READY)("goes directly from a VM to the host", { timeout: 120_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(new Network());
    const [host, cloud] = [network.machine("host"), network.machine("cloud")];
    const service = stack.use(await hostOn(host));
    const vm = await vmOn(cloud, service, 1);
    stack.use(vm.guest);

    expect((await kit(vm, "hook")).output).toContain(`${host.address}:7443 /v1/claims 200`);
    expect(await kit(vm, "topup now")).toMatchObject({ code: 0 });
    const topUp = { counter: 1, rcMix: 0, rcReseed: 0, receiptAt: expect.any(Number) };
    expect(await service.vms()).toMatchObject([{ seedId: vm.seed.seedId, topUps: 1, lastTopUp: topUp }]);

    // The agent goes on where the kit was.
    const agent = stack.use(await AgentBuild.make());
    const words = [process.execPath, agent.program, "topup", "--now", "--root", vm.guest.root];
    expect(await vm.guest.run(words, { before: cloud.before })).toMatchObject({ code: 0 });
    expect(await service.vms()).toMatchObject([{ topUps: 2, lastTopUp: { ...topUp, counter: 2 } }]);
  });

  it.skipIf(!SSH_READY)("goes through a tunnel to a host behind NAT", { timeout: 120_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(new Network());
    const [office, relay, cloud] = [network.machine("office"), network.machine("relay"), network.machine("cloud")];
    // What a router at home does: out under its own address, and nobody in.
    network.router.rules(`table ip nat {
      chain post { type nat hook postrouting priority 100; ip saddr ${office.address} masquerade; }
      chain forward { type filter hook forward priority 0; oifname office ct state new drop; }
    }`);
    const listen = `${relay.address}:7443`;
    const service = stack.use(await hostOn(office, listen));
    const sshd = stack.use(await Relay.start(relay, listen));
    const vm = await vmOn(cloud, service, 1);
    stack.use(vm.guest);

    expect((await kit(vm, "hook")).output).toContain("ConnectionRefusedError");
    const end = await sshd.tunnel(office, listen, "127.0.0.1:7443");
    expect((await kit(vm, "claim")).output).toContain(`${listen} /v1/claims 200`);
    expect((await kit(vm, "topup now")).code).toBe(0);
    await end();
    expect((await kit(vm, "topup now")).code).toBe(1);
    await sshd.tunnel(office, listen, "127.0.0.1:7443");
    expect((await kit(vm, "topup now")).code).toBe(0);
    const topUp = { counter: 2, rcMix: 0, rcReseed: 0, receiptAt: expect.any(Number) };
    expect(await service.vms()).toMatchObject([{ topUps: 2, lastTopUp: topUp }]);
    // Nobody reaches the host in another way.
    expect(() => cloud.run("bash", "-c", `timeout 2 bash -c '</dev/tcp/${office.address}/7443'`)).toThrow(/./);
  });
});
