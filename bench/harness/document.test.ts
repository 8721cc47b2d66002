import { check } from "prettier";
import { expect, test } from "vitest";

import { figuresDocument, linesOf, roundsOf, withHeadlines } from "./document.ts";
import { sampleTable } from "./sampleTable.setup.ts";

const results = { machine: "two cores", tables: [sampleTable()] };
const readme = (block: string) =>
  `# Title\n\n<!-- headlines: written by \`npx pnpm@12 bench\` -->\n\n${block}<!-- end of headlines -->\n\nMore\n`;

test("the document is formatted as Prettier formats it", async () => {
  expect(await check(figuresDocument(results), { parser: "markdown", printWidth: 100 })).toBe(true);
});

test("the document links each table's chart", () => {
  expect(figuresDocument(results)).toContain("](figures/sample.svg)");
});

test("a figure is the median with the least and the greatest, and stands alone where they are one", () => {
  expect(linesOf(sampleTable())).toEqual([
    ["client", "requests", "ms", "ratio"],
    ["ours", "12", "2.5 (1.25–1,234)", "0.5 (0.4–0.6)"],
    ["theirs", "36", "5 (4–6)", "–"],
  ]);
});

test("rounds that ran out of time and controls that varied too much are told", () => {
  const rounds = { done: 4, wanted: 10 };
  const control = { spreads: { processor: 1.9 }, isTooNoisy: true };
  const told = roundsOf({ ...sampleTable(), rounds, control });
  expect(told).toBe(
    "_4 rounds of 10: out of time; the controls varied by: processor 1.9: too noisy._",
  );
});

test("the README's headlines are replaced between their marks, and nothing else is", () => {
  expect(withHeadlines(readme("- old\n\n"), results)).toBe(readme("- Half the time.\n\n"));
  expect(withHeadlines(readme("- old\n\n"), { ...results, tables: [] })).toBe(readme(""));
});

test("a README without the marks is refused", () => {
  expect(() => withHeadlines("# Title\n", results)).toThrow("lacks its marks");
});
