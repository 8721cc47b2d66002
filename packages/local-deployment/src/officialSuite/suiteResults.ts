import { basename } from "node:path";
import { stripVTControlCharacters } from "node:util";

import { z } from "zod";

const jestReport = z.object({
  numTotalTests: z.number(),
  numPassedTests: z.number(),
  numPendingTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()),
        }),
      ),
    }),
  ),
});

const LONGEST_REASON = 220;

/** `total` are the tests that ran: the suite leaves some out itself. */
export type SuiteResults = { passed: number; total: number; text: string };

/**
 * @param json what `jest --json` wrote.
 * @returns passed and failed per file, with the reason of each test that failed, as text to print.
 */
export function readSuiteResults(json: string): SuiteResults {
  const report = jestReport.parse(JSON.parse(json));
  const files = report.testResults.toSorted((a, b) => a.name.localeCompare(b.name));
  const lines = files.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === "failed");
    const passed = assertionResults.filter(({ status }) => status === "passed");
    const row = `${basename(name).padEnd(45)} ${count(passed)} passed ${count(failed)} failed`;
    if (assertionResults.length === 0) return [row, `    did not run: ${shorten(message)}`];
    const reasons = failed.map(
      ({ fullName, failureMessages }) =>
        `    ${fullName}\n        ${shorten(failureMessages[0] ?? "no reason given")}`,
    );
    return [row, ...reasons];
  });
  const { numPassedTests: passed, numPendingTests: skipped } = report;
  const total = report.numTotalTests - skipped;
  return {
    passed,
    total,
    text: [
      ...lines,
      "",
      `${passed} of ${total} tests pass; the suite skips ${skipped} more.`,
      "",
    ].join("\n"),
  };
}

function count(items: unknown[]): string {
  return String(items.length).padStart(3);
}

/** The message without its stack, on one line. */
function shorten(message: string): string {
  const [text = ""] = stripVTControlCharacters(message).split(/\n {4}at /, 1);
  return text.replace(/\s+/g, " ").slice(0, LONGEST_REASON);
}
