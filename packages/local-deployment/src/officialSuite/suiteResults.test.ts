import { expect, it } from "vitest";

import { readSuiteResults } from "./suiteResults.ts";

const assertion = (fullName: string, message?: string) => ({
  fullName,
  status: message === undefined ? "passed" : "failed",
  failureMessages: message === undefined ? [] : [message],
});

it("says per file what passed and failed, and the reason of each failure without its stack", () => {
  const report = {
    numTotalTests: 5,
    numPendingTests: 2,
    numPassedTests: 2,
    testResults: [
      { name: "/x/b.test.ts", message: "Cannot find module\n\nmore", assertionResults: [] },
      {
        name: "/x/a.test.ts",
        message: "",
        assertionResults: [
          assertion("one"),
          assertion("two", "Error: \u001b[31mexpected\u001b[39m\n\n 1\n    at f (file:1:1)"),
          assertion("three"),
        ],
      },
    ],
  };
  const { passed, total, text } = readSuiteResults(JSON.stringify(report));
  expect({ passed, total }).toEqual({ passed: 2, total: 3 });
  expect(text.split("\n").map((line) => line.replace(/ {2,}/g, "  "))).toEqual([
    "a.test.ts  2 passed  1 failed",
    "  two",
    "  Error: expected 1",
    "b.test.ts  0 passed  0 failed",
    "  did not run: Cannot find module more",
    "",
    "2 of 3 tests pass; the suite skips 2 more.",
    "",
  ]);
});
