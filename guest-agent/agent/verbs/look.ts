/** A world that only looks: damaged files stay where they are, since only what holds the lock may put them aside. */
import type { World } from "../world.ts";

/** @param damaged gets the path of each file that a top-up would put aside */
export function onlyLooking(world: World, damaged: (path: string) => void = () => undefined): World {
  const nothing = (): void => undefined;
  return { ...world, disk: { ...world.disk, replace: nothing, rename: damaged, wipe: nothing }, say: nothing };
}

/** @returns what `read` gives, or `none` when it throws */
export function unless<T>(read: () => T, none: T): T {
  try {
    return read();
  } catch {
    return none;
  }
}
