import { defineConfig, type ViteUserConfig } from "vitest/config";

const PACKAGES = ["protocol", "hwrng-host", "seeder", "guest-agent", "local-cloud", "tools"].map(
  (d) => `${d}/**/*.test.ts`,
);
const CROSSING = ["vectors", "loopback", "cloud-init"].map((d) => `tests/${d}/**/*.test.ts`);

/** One after the other: gates and unit (`npm run test:quick`), then the real Pulumi engine, then real kernels under QEMU. */
const project = (name: string, groupOrder: number, include: string[], minutes: number, fileParallelism: boolean) => ({
  test: {
    name,
    include,
    testTimeout: minutes * 60_000,
    hookTimeout: minutes * 60_000,
    fileParallelism,
    sequence: { groupOrder },
  },
});

const config: ViteUserConfig = defineConfig({
  test: {
    maxWorkers: 4, // also on 2 cores: many cases wait for processes and deadlines
    projects: [
      project("gates", 0, ["tests/gates/**/*.test.ts"], 2, true),
      project("unit", 1, [...PACKAGES, ...CROSSING], 1, true),
      project("engine", 2, ["tests/engine/**/*.test.ts"], 5, false),
      project("vm", 3, ["tests/vm/**/*.test.ts"], 10, false),
    ],
  },
});

export default config;
