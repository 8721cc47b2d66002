/** Writes docs/coverage.md from what `vitest run --coverage` has counted. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { format, resolveConfig } from "prettier";

import { coverageDocument } from "./coverageDocument.ts";
import { REASONS } from "./reasons.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const DOCUMENT = join(ROOT, "docs/coverage.md");

type Summary = Record<string, { lines: { covered: number; total: number } }>;

const summary = readFileSync(join(ROOT, "coverage/coverage-summary.json"), "utf8");
const { total: _, ...counted } = JSON.parse(summary) as Summary;
const files = Object.entries(counted).map(([path, { lines }]) => ({
  path: relative(ROOT, path),
  covered: lines.covered,
  total: lines.total,
}));

const inOrder = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
const document = coverageDocument(inOrder, REASONS);
const style = await resolveConfig(DOCUMENT);
writeFileSync(DOCUMENT, await format(document, { ...style, filepath: DOCUMENT }));
