import { defineConfig } from "vitest/config";

const UNIT = ["protocol", "hwrng-host", "seeder", "guest-agent", "local-cloud", "tools"].map((d) => `${d}/**/*.test.ts`);

/** unit and loopback: no VM, no engine (`npm run test:quick`); engine: a real Pulumi engine; vm: real kernels under QEMU. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [...UNIT, "tests/vectors/**/*.test.ts", "tests/loopback/**/*.test.ts", "tests/cloud-init/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "engine",
          include: ["tests/engine/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "vm",
          include: ["tests/vm/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
