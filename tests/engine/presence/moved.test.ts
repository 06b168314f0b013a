/** Under `seedStack` a droplet that is renamed or moved is told to the host by the next `up`, which changes nothing. */
import { describe, expect, it } from "vitest";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { linesOf, PresenceBench } from "./presence-bench.ts";

const CASE = "C2 (pulumi/pulumi#837, #2402, #7421): ";

/** What was done to the droplet `web`, until the program and the state agree again. @returns the name that it has now */
const MOVES: Record<string, (stack: PresenceBench) => Promise<string>> = {
  "a rename by alias": async (stack) => {
    await stack.want("www=web");
    return "www";
  },
  "state move": async ({ bench }) => {
    const urn = await bench.urn("web");
    await bench.must("stack", "init", "other", "--no-select", "--copy-config-from", "test");
    await bench.must("state", "move", "--yes", "--source", "test", "--dest", "other", urn);
    await bench.must("stack", "select", "other");
    return "web";
  },
  "stack rename": async ({ bench }) => {
    await bench.must("stack", "rename", "renamed");
    return "web";
  },
};

describe.skipIf(!KIT_PYTHON)("seedStack alone", () => {
  it.each(Object.keys(MOVES))(`${CASE}%s, then up: the host knows, without a sync`, async (how) => {
    await using stack = await PresenceBench.open("seedStack");
    const [vm] = await stack.make("web");
    const move = MOVES[how];
    if (vm === undefined || move === undefined) throw new Error("expected a droplet and a move");
    const name = await move(stack);
    await stack.bench.mustUp();
    expect(stack.calls()).toEqual(["POST /v1/reservations", "POST /v1/created"]);
    const now = { instanceId: String(vm.droplet.id), urn: await stack.bench.urn(name), stack: await stack.stack() };
    expect(await stack.live()).toEqual({ web: now });
    expect((await stack.bootseed("wait", "--timeout", "1ms")).code).toBe(0);
    expect(`${(await stack.bootseed("known-hosts")).out}\n`).toBe(linesOf(vm));
    await stack.bench.mustUp("--expect-no-changes");
    expect(stack.calls()).toEqual(["POST /v1/reservations"]);
    expect(stack.bench.api.posted).toHaveLength(1);
  });
});
