import { availableParallelism } from "node:os";
import { join } from "node:path";

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const ACROSS_PACKAGES = join(import.meta.dirname, "tests/");

/** In a fresh clone nothing says how long each file takes: one of minutes that began last would run alone at the end. */
class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => moduleId.startsWith(ACROSS_PACKAGES);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    // Most tests wait for programs that they started: a third of two cores was idle with a file for each core.
    maxWorkers: Math.ceil(1.5 * availableParallelism()),
    sequence: { sequencer: LongFilesFirst },
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
