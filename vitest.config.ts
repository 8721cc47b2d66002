import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    // Most tests wait for programs that they started: more files at a time than half the cores.
    maxWorkers: "100%",
    reporters: ["default", "./tests/summaryReporter.ts"],
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
