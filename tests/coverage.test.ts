import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect, test } from "vitest";

import { coverageDocument } from "./coveredLines/coverageDocument.ts";
import { REASONS } from "./coveredLines/reasons.ts";

const root = resolve(import.meta.dirname, "..");
const exists = (path: string): boolean => existsSync(resolve(root, path));

const reasons = { "convex/crons.ts": "by the clock", "apps/dashboard/src/": "in a browser" };
const documentOf = (path: string, covered: number, total: number): string =>
  coverageDocument([{ path, covered, total }], reasons);

test("docs/coverage.md lists only files that exist, each with a reason", () => {
  const text = readFileSync(resolve(root, "docs/coverage.md"), "utf8");
  const rows = [...text.matchAll(/^\| `([^`]+\.tsx?)` +\| .*\| (.+?) +\|$/gm)];
  const listed = rows.map(([, path = "", why = ""]) => ({ path, why }));
  expect(listed).not.toEqual([]);
  expect(listed.filter(({ path }) => !exists(path))).toEqual([]);
  expect(listed.filter(({ why }) => !Object.values(REASONS).includes(why))).toEqual([]);
});

test("each reason is of a file or a folder that exists", () => {
  expect(Object.keys(REASONS).filter((path) => !exists(path))).toEqual([]);
});

test("a file is listed, with its reason, where fewer than 80 % of its lines are run", () => {
  expect(documentOf("convex/crons.ts", 79, 100)).toContain("| 79 % | by the clock |");
  expect(documentOf("convex/crons.ts", 80, 100)).not.toContain("by the clock");
});

test("a folder's reason holds for each file in it", () => {
  expect(documentOf("apps/dashboard/src/App.tsx", 0, 9)).toContain("| 0 % | in a browser |");
});

test("a file of types alone has no line to run, and is not listed", () => {
  expect(documentOf("convex/types.ts", 0, 0)).toContain("| all | 1 | 0 | 100 % |");
});

test("a file that would be listed and has no reason is refused by its name", () => {
  expect(() => documentOf("convex/video.ts", 1, 2)).toThrow("convex/video.ts: its tests run 50 %");
});
