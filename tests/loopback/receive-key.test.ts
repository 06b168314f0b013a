/** The one-time keys of each delivery come from the kernel, the guest's after its reseed: seen in system calls. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bundle } from "../../guest-agent/agent/testing/bundle.ts";
import { enrolledMachine } from "../../guest-agent/agent/testing/machine.ts";
import { PushSession } from "../../hwrng-host/deliver/session.ts";
import { ReceiptKeys } from "../../hwrng-host/guests/receipt-keys.ts";
import { Bench } from "../../hwrng-host/testing/bench.ts";
import { GuestProcess, killGroup } from "./guest-process.ts";
import { HostProcess, type Wrapping } from "./host-process.ts";
import { KIT_PYTHON } from "./kit-python.ts";
import { STRACE, type TracedCall, Tracer } from "./traced-calls.ts";

const KIT = join(import.meta.dirname, "../../seeder/kit/kit.pyz");

/** A VM that is enrolled at a host, whose process runs. */
async function enrolled(stack: AsyncDisposableStack, wrapping?: Wrapping): Promise<GuestProcess> {
  const host = stack.use(await HostProcess.make());
  await host.start(wrapping);
  const seed = await host.mint("web-7");
  await host.created(seed, "4711");
  const guest = stack.use(new GuestProcess("4711", seed.file));
  expect((await guest.kit("hook")).output).toContain("/v1/claims 200");
  return guest;
}

/**
 * What each delivery did before its hello left: from the reseed that begins it to the first `leaving` after that. A
 * delivery makes a second reseed, with the packet.
 */
function beforeHellos(calls: readonly TracedCall[], leaving: TracedCall): string[] {
  const deliveries: string[] = [];
  let since: string[] | null = null;
  let opening = true;
  for (const call of calls) {
    if (call === "reseed") {
      since = opening ? ["reseed"] : null;
      opening = !opening;
    } else if (since !== null && call === leaving) {
      deliveries.push([...new Set(since)].join(", "));
      since = null;
    } else if (call === "kernel") since?.push(call);
  }
  return deliveries;
}

describe.skipIf(!STRACE)(
  "the kernel is read for a one-time key, by guests after the reseed and before the hello,",
  () => {
    let bundle: Bundle;
    beforeAll(async () => void (bundle = await Bundle.build()));
    afterAll(() => bundle?.[Symbol.dispose]());

    const program = {
      kit: (root: string): string[] => ["/usr/bin/python3", "-I", KIT, "topup", "now", "--root", root],
      agent: (root: string): string[] => [process.execPath, bundle.path, "topup", "--root", root],
    } as const;

    it.skipIf(!KIT_PYTHON).each(["kit", "agent"] as const)("by the %s", async (name) => {
      await using stack = new AsyncDisposableStack();
      const guest = await enrolled(stack);
      using tracer = new Tracer();
      const { code, output } = await guest.run(program[name](guest.root), { before: tracer.before });
      expect(code, output).toBe(0);
      expect(beforeHellos(tracer.calls(), "connect")).toEqual(["reseed, kernel"]);
    });

    it.skipIf(!KIT_PYTHON)("by the host, for each packet's own one-time key", async () => {
      await using stack = new AsyncDisposableStack();
      using tracer = new Tracer();
      const guest = await enrolled(stack, { before: tracer.before });
      const read = (): number => tracer.count(/read\(\d+<\/dev\/urandom.*, 32/);
      for (const counter of [1, 2]) {
        const before = read();
        expect((await guest.kit("topup now")).code, `packet ${counter}`).toBe(0);
        expect(read() - before).toBe(1);
      }
    });

    it("by the listening agent, for each delivery that one process takes", async () => {
      await using bench = new Bench();
      using vm = await enrolledMachine(bench);
      using tracer = new Tracer();
      const [strace = "", ...words] = tracer.before;
      const argv = [...words, process.execPath, bundle.path, "listen", "--bind", "127.0.0.1:0", "--json"];
      const child = spawn(strace, [...argv, "--root", vm.root], {
        stdio: ["ignore", "pipe", "inherit"],
        detached: true,
      });
      try {
        const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
        const { listening } = JSON.parse(String(value)) as { listening: number };
        for (const counter of [1, 2]) {
          await deliver(bench, vm.seedId, listening);
          expect(vm.folder.counter()).toBe(counter);
        }
        expect(beforeHellos(tracer.calls(), "send")).toEqual(["reseed, kernel", "reseed, kernel"]);
      } finally {
        const exit = once(child, "exit");
        killGroup(child);
        await exit;
      }
    });
  },
);

/** One delivery by the host's real session over a socket. */
async function deliver(bench: Bench, seedId: Uint8Array, port: number): Promise<void> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  const session = new PushSession(bench.context, new ReceiptKeys(), seedId);
  socket.write(session.greeting());
  for await (const chunk of socket) {
    const { send, end } = await session.take(Uint8Array.from(chunk as Buffer));
    if (send !== undefined) socket.write(send);
    if (end) break;
  }
  socket.destroy();
  expect(session.result.outcome).toBe("delivered");
}
