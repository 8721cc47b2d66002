import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { convexTest } from "convex-test";
import { expect, it } from "vitest";

import { CONVEX_TEST_VERSION, internalsOf, NO_MODULES } from "./convexTestInternals.ts";

it("convex-test is the exact version that its internals are known of", async () => {
  const entry = createRequire(import.meta.url).resolve("convex-test");
  const file = join(dirname(dirname(entry)), "package.json");
  const { version } = JSON.parse(await readFile(file, "utf8")) as { version: string };
  expect(version).toBe(CONVEX_TEST_VERSION);
});

it("the internals are where they are expected", () => {
  const internals = internalsOf(convexTest({ modules: NO_MODULES }));
  const { transactions } = internals;
  const database = internals.useComponent("a/component", () => Promise.resolve({}));
  expect(Object.keys(database).sort()).toEqual([
    "_componentPath",
    "_documents",
    "_lastCreationTime",
    "_nextDocId",
    "_nextQueryId",
    "_queryResults",
    "_schema",
    "_storage",
    "_writes",
  ]);
  expect(typeof database._validate).toBe("function");
  expect(typeof database._addWrite).toBe("function");
  expect(typeof database.rollbackWrites).toBe("function");
  expect(typeof database.stashWrites).toBe("function");
  expect(typeof database.restoreWrites).toBe("function");
  expect(typeof database._generateId).toBe("function");
  expect(typeof database._evaluateQuery).toBe("function");
  expect(typeof transactions.begin).toBe("function");
  expect(typeof transactions.commit).toBe("function");
  expect(typeof transactions._endTransaction).toBe("function");
  expect(transactions._lastCommitTs).toBe(0n);
});

it("an instance of something else is refused by name", () => {
  const other = { finishInProgressScheduledFunctions: () => Promise.resolve() };
  expect(() => internalsOf(other as never)).toThrow(
    'convex-test 0.0.60 was expected, but "transactionManager" is not where it is in that version.',
  );
});
