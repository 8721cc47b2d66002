import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { expect, test } from "vitest";

import { coverageDocument, type FileCoverage } from "./coveredLines/coverageDocument.ts";
import { REASONS } from "./coveredLines/reasons.ts";

const root = resolve(import.meta.dirname, "..");
const exists = (path: string): boolean => existsSync(resolve(root, path));

const [explained = "", reason = ""] =
  Object.entries(REASONS).find(([path]) => !path.endsWith("/")) ?? [];
const document = (...files: FileCoverage[]): string => coverageDocument(files);

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

test("a file is listed with its reason from under 80 % of its lines on", () => {
  expect(document({ path: explained, covered: 79, total: 100 })).toContain(`| 79 % | ${reason} |`);
  expect(document({ path: explained, covered: 80, total: 100 })).not.toContain(reason);
});

test("a file of types alone has no line to run, and is not listed", () => {
  expect(document({ path: "convex/types.ts", covered: 0, total: 0 })).toContain("| 100 % |");
});

test("a file that would be listed without a reason is refused by its name", () => {
  const unexplained = { path: "convex/unexplained.ts", covered: 1, total: 2 };
  expect(() => document(unexplained)).toThrow("convex/unexplained.ts: its tests run 50 %");
});
