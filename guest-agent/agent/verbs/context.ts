/** What every verb gets. */
import { Machine, STATE_DIR } from "../machine.ts";
import { realWorld } from "../real-world.ts";
import { takeLock } from "../lock.ts";
import type { World } from "../world.ts";

export interface Context {
  readonly json: boolean;
  readonly root: string;
  readonly machine: Machine;
  readonly world: World;
  /** Keeps kit and other verbs out until the return value is called. @throws BootseedError "unavailable", "io" */
  lock(waitSeconds?: number): () => void;
}

export function contextFor(root: string, json: boolean): Context {
  const machine = new Machine(root);
  const instanceIds = machine.instanceIds();
  const world = { ...realWorld(root), ...(instanceIds === null ? {} : { instanceIds }) };
  return { json, root, machine, world, lock: (waitSeconds) => takeLock(root + STATE_DIR, waitSeconds) };
}
