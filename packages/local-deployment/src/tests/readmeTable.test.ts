import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

const PACKAGE = join(import.meta.dirname, "../..");

/** The last cell of each row of the table of differences. */
async function shownBy(): Promise<string[]> {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  const [, table = ""] = readme.split("## What differs");
  const rows = table.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) => row.split("|").at(-2)?.trim() ?? "");
}

async function testTitles(): Promise<Set<string>> {
  const files = await readdir(join(PACKAGE, "src"), { recursive: true });
  const titles = new Set<string>();
  for (const file of files.filter((name) => name.endsWith(".test.ts"))) {
    const source = await readFile(join(PACKAGE, "src", file), "utf8");
    for (const [, title = ""] of source.matchAll(/\bit\(\s*"([^"]+)"/g)) titles.add(title);
  }
  return titles;
}

it("every row of the README's table of differences names a test that there is", async () => {
  const titles = await testTitles();
  const rows = await shownBy();
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.filter((row) => !titles.has(row))).toEqual([]);
});
