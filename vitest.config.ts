import { availableParallelism } from "node:os";

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Most tests wait for programs that they started: a third of two cores was idle with a file for each core.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    reporters: ["default", "./tests/summaryReporter.ts"],
    coverage: {
      include: ["convex/**/*.ts", "packages/*/src/**/*.ts", "apps/*/{src,server}/**/*.{ts,tsx}"],
      exclude: ["convex/_generated/**", "**/*.{test,test-d,setup}.{ts,tsx}", "convex/tests/**"],
      reporter: ["json-summary"],
    },
    projects: [
      {
        test: {
          name: "backend",
          include: ["convex/**/*.test.ts"],
          environment: "edge-runtime",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "packages",
          include: [
            "packages/*/src/**/*.test.ts",
            "apps/*/src/**/*.test.ts",
            "apps/dashboard/server/**/*.test.ts",
            "bench/**/*.test.ts",
            "tests/**/*.test.ts",
          ],
          environment: "node",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
