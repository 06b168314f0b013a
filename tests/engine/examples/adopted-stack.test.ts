/** examples/adopted-stack on the engine against the real host: the line goes in, seeds come, the line goes out again. */
import { execa } from "execa";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HostProcess } from "../../loopback/host-process.ts";
import { KIT_PYTHON } from "../../loopback/kit-python.ts";
import { prerequisite } from "../../prerequisite.ts";
import { KitVms } from "../kit-vms.ts";
import { startTinyApi, type TinyApi, type TinyDroplet } from "../tiny-api.ts";
import { ExampleStack } from "./example-stack.ts";

// Only root can make the kernel reseed, and bootseed wait asks for no less.
const present = KIT_PYTHON && prerequisite(process.getuid?.() === 0, "expected root: run the tests as root");

const IMPORT = 'import { seedStack } from "bootseed";\n';
const LINE = "seedStack();";
const WITHOUT = [
  [IMPORT, ""],
  [LINE, ""],
] as const;

describe.skipIf(!present)("adopted-stack", { concurrent: false }, () => {
  let host: HostProcess, api: TinyApi, stack: ExampleStack;
  const vms = new KitVms();
  /** Names of the droplets that were made, in order, since this was asked last. */
  const posted = (): unknown[] => api.posted.splice(0).map(({ name }) => name);

  /** The command in the stack's own folder, as a person types it. */
  const bootseed = async (...args: string[]): Promise<{ code: number | undefined; all: string }> => {
    const { exitCode: code, all } = await execa(join(stack.project, "node_modules/.bin/bootseed"), args, {
      cwd: stack.project,
      env: { ...stack.env, BOOTSEED_HOST: `unix://${host.mintSocket}` },
      extendEnv: false,
      all: true,
      reject: false,
    });
    return { code, all };
  };

  beforeAll(async () => {
    host = await HostProcess.make();
    await host.start();
    api = await startTinyApi();
    stack = await ExampleStack.open("adopted-stack", { api: api.url });
    await stack.set("bootseed:host", `unix://${host.mintSocket}`);
    // What it was before: without the line.
    stack.edit(...WITHOUT);
    await stack.mustUp();
    expect(new Set(posted())).toEqual(new Set(["db-node", "web"]));
    stack.edit();
  });
  afterAll(async () => {
    await vms[Symbol.asyncDispose]();
    await host?.[Symbol.asyncDispose]();
    await api?.close();
    await stack?.[Symbol.asyncDispose]();
  });

  it("the line changes nothing", async () => {
    await stack.must("preview", "--expect-no-changes");
    await stack.mustUp("--expect-no-changes");
    expect([posted(), await host.vms()]).toEqual([[], []]);
  });

  it("a droplet that is replaced has a seed, in somebody else's component too, and bootseed wait sees it through", async () => {
    api.onCreate = vms.boot;
    await stack.mustUp("--replace", await stack.urn("droplet:Droplet", "web"));
    await stack.mustUp("--replace", await stack.urn("droplet:Droplet", "db-node"));
    expect(posted()).toEqual(["web", "db-node"]);
    expect((await bootseed("wait", "--stack", stack.stack, "--timeout", "1m")).all).toContain(
      "all 2 VMs have reported",
    );
    const { all: lines } = await bootseed("known-hosts", "--stack", stack.stack);
    for (const { droplet, hostKeys } of await Promise.all(vms.boots))
      expect(lines).toContain(`${droplet.address} ${hostKeys.find((key) => key.startsWith("ssh-ed25519"))}`);
    await stack.mustUp("--expect-no-changes");
  });

  it("what a host that was lost after the create was not told, bootseed sync tells it from the stack's state", async () => {
    let made: TinyDroplet | undefined;
    api.onCreate = (droplet) => {
      made = droplet;
      void host.stop("SIGKILL");
    };
    const output = await stack.mustUp("--skip-preview", "--replace", await stack.urn("droplet:Droplet", "web"));
    expect(output).toMatch(/warning: web: the host was not told that it exists: .*bootseed sync --stack \S+ /);
    expect(posted()).toEqual(["web"]);
    await host.start();
    const remedy = `bootseed sync --stack ${stack.stack}`;
    const waited = await bootseed("wait", "--stack", stack.stack, "--timeout", "1s");
    expect(waited).toEqual({ code: 75, all: expect.stringContaining(remedy) as string });
    expect(await bootseed(...remedy.split(" ").slice(1))).toEqual({
      code: 0,
      all: expect.stringMatching(/the host was told of 2 droplets: 1 have reported, 1 have not yet, 0 /) as string,
    });
    if (made === undefined) throw new Error("no droplet was made");
    vms.boot(made);
    expect((await bootseed("wait", "--stack", stack.stack, "--timeout", "1m")).code).toBe(0);
  });

  it("taking the line out would replace what has a seed; leave() in its place changes nothing", async () => {
    stack.edit(...WITHOUT);
    expect(await stack.must("preview")).toMatch(/\+-2 to replace/);
    stack.edit([IMPORT, 'import { leave } from "./leave.ts";\n'], [LINE, "leave();"]);
    await stack.must("preview", "--expect-no-changes");
    await stack.mustUp("--expect-no-changes");
    expect(posted()).toEqual([]);
  });

  it("and destroy works as ever", async () => {
    await host.stop();
    await stack.must("destroy", "--yes");
    expect(api.droplets.size).toBe(0);
  });
});
