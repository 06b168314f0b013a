import { defineConfig, type ViteUserConfig } from "vitest/config";

const PACKAGES = ["protocol", "hwrng-host", "seeder", "guest-agent", "local-cloud", "bench", "tools"].map(
  (d) => `${d}/**/*.test.ts`,
);
const CROSSING = ["vectors", "loopback", "cloud-init"].map((d) => `tests/${d}/**/*.test.ts`);
const DRILLS = ["conformance", "network", "simulation", "crash", "endurance"].map((d) => `tests/${d}/**/*.test.ts`);
const ENGINE = ["engine", "packages"].map((d) => `tests/${d}/**/*.test.ts`);

/**
 * One group after the other: gates and unit (`npm run test:quick`), then drills (processes, namespaces, faults), the real Pulumi engine, and
 * real kernels under QEMU. `long` (`npm run test:long`) has the same drills at full size.
 */
const project = (name: string, groupOrder: number, include: string[], minutes: number, maxWorkers: number) => ({
  test: {
    name,
    include,
    testTimeout: minutes * 60_000,
    hookTimeout: minutes * 60_000,
    maxWorkers,
    fileParallelism: maxWorkers > 1,
    sequence: { groupOrder },
  },
});

const config: ViteUserConfig = defineConfig({
  test: {
    projects: [
      project("gates", 0, ["tests/gates/**/*.test.ts"], 2, 2),
      // More than the 2 cores: many cases wait for processes and deadlines.
      project("unit", 1, [...PACKAGES, ...CROSSING], 3, 3),
      project("drills", 2, DRILLS, 10, 2),
      project("engine", 3, ENGINE, 5, 3),
      // Two VMs of one processor each: on 2 cores quicker than one after the other with two.
      project("vm", 4, ["tests/vm/**/*.test.ts"], 10, 2),
      project("long", 5, ["tests/**/*.long.ts"], 90, 1),
    ],
  },
});

export default config;
