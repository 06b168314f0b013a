/**
 * local-cloud's own API over machines that are none: the engine's tests and those with real VMs speak to the same code. What is fake is
 * the launcher: nothing boots, and a droplet becomes active when it was looked at once, so that the provider has to ask again.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addressOf, type Droplet } from "../../local-cloud/droplet.ts";
import { FaultPlan } from "../../local-cloud/faults/fault-plan.ts";
import type { Fleet } from "../../local-cloud/fleet.ts";
import { startLocalCloud, type LocalCloudOptions } from "../../local-cloud/server.ts";
import { fakeImages, fakeLauncher } from "../../local-cloud/testing/fake-launcher.ts";

const IMAGES = "debian-12-x64 debian-13-x64 ubuntu-24-04-x64 freebsd-12-x64 fedora-coreos-40 docker-18-04".split(" ");

export interface TinyDroplet {
  readonly id: number;
  readonly name: string;
  readonly image: string;
  readonly size: string;
  readonly address: string;
  readonly userData: string;
  readonly tags: string[];
}

/** The droplets that there are at the moment. */
export interface TinyDroplets extends Iterable<[number, TinyDroplet]> {
  readonly size: number;
  get(id: number): TinyDroplet | undefined;
  has(id: number): boolean;
  keys(): Iterable<number>;
  values(): Iterable<TinyDroplet>;
  /** Deletes one out of band. */
  delete(id: number): boolean;
  /** Deletes all out of band. */
  clear(): void;
}

export interface TinyApi {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly droplets: TinyDroplets;
  /** "METHOD path" of every request since the last `calls.length = 0`. */
  readonly calls: string[];
  /** Bodies of the droplets' POSTs, in order, also of those that were refused. */
  readonly posted: Record<string, unknown>[];
  /** What goes wrong next: `faults.add("POST /v2/droplets: 429 x2")`; `local-cloud serve --help` has the grammar. */
  readonly faults: FaultPlan;
  /** Set it to N: the next N POSTs of droplets are answered 503. */
  refusePosts: number;
  /** Called with each droplet that was made, whether or not its maker hears of it; a stand-in guest hangs here. */
  onCreate: (droplet: TinyDroplet) => void;
  /** Called before each "METHOD path" takes effect and before it is answered; what it returns is waited for, what it throws is answered. */
  pass: (side: "before" | "after", call: string) => void | Promise<void>;
  close(): Promise<void>;
}

const shown = (droplet: Droplet): TinyDroplet => ({
  id: droplet.id,
  name: droplet.name,
  image: droplet.image,
  size: droplet.size.slug,
  address: addressOf(droplet.number),
  userData: droplet.request.userData ?? "",
  tags: [...droplet.tags],
});

/** One gate per droplet, open after the first look at it. */
class FirstLooks {
  readonly #gates = new Map<number, PromiseWithResolvers<void>>();

  of(id: number): PromiseWithResolvers<void> {
    const gate = this.#gates.get(id) ?? Promise.withResolvers<void>();
    this.#gates.set(id, gate);
    return gate;
  }

  openAll(): void {
    for (const gate of this.#gates.values()) gate.resolve();
  }
}

/** @returns the running API; close it */
export async function startTinyApi(): Promise<TinyApi> {
  const [dir, images] = [mkdtempSync(join(tmpdir(), "bootseed-api-")), fakeImages(IMAGES)];
  const [looks, fake, faults] = [new FirstLooks(), fakeLauncher(), new FaultPlan()];
  const [calls, posted]: [string[], Record<string, unknown>[]] = [[], []];

  const observe: LocalCloudOptions["observe"] = async (context, next) => {
    const { method, path } = context.req;
    calls.push(`${method} ${path}`);
    if (method === "POST" && path === "/v2/droplets") posted.push(await context.req.json());
    const id = Number(/^\/v2\/droplets\/(\d+)$/.exec(path)?.[1] ?? 0);
    if (method === "DELETE") looks.of(id).resolve(); // the fleet waits for a start that is under way
    await api.pass("before", `${method} ${path}`);
    await next();
    await api.pass("after", `${method} ${path}`);
    if (method === "GET") looks.of(id).resolve();
  };
  const cloud = await startLocalCloud({
    images,
    dir,
    faults,
    observe,
    sshPort: 0, // "any": nobody listens there
    parallelBoots: 1_000_000,
    firstId: 100,
    launcher: async (spec) => {
      await looks.of(spec.dropletId).promise;
      return fake.launcher(spec);
    },
    onEvent: (droplet, { event }) => {
      if (event === "created") api.onCreate(shown(droplet));
    },
  });
  const api: TinyApi = {
    url: cloud.api,
    droplets: dropletsOf(cloud.fleet, (id) => looks.of(id).resolve()),
    calls,
    posted,
    faults,
    get refusePosts() {
      return faults.left().length;
    },
    set refusePosts(times) {
      faults.add(`POST /v2/droplets: 503 x${times}`);
    },
    onCreate: () => undefined,
    pass: () => undefined,
    close: async () => {
      looks.openAll();
      await cloud.stop();
      for (const folder of [dir, images]) rmSync(folder, { recursive: true, force: true });
    },
  };
  return api;
}

function dropletsOf(fleet: Fleet, letGo: (id: number) => void): TinyDroplets {
  const now = (): Map<number, TinyDroplet> => new Map(fleet.list().map((droplet) => [droplet.id, shown(droplet)]));
  const remove = (id: number): boolean => {
    const there = now().has(id);
    letGo(id);
    if (there) void fleet.delete(id);
    return there;
  };
  return {
    get size() {
      return fleet.list().length;
    },
    get: (id) => now().get(id),
    has: (id) => now().has(id),
    keys: () => now().keys(),
    values: () => now().values(),
    [Symbol.iterator]: () => now().entries(),
    delete: remove,
    clear: () => void [...now().keys()].map(remove),
  };
}
