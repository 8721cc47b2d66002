import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

const PACKAGE = join(import.meta.dirname, "../..");

/** The cells of the first table below a heading of the README, row by row. */
async function tableBelow(heading: string): Promise<string[][]> {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  const [table = ""] = /(?:^\|.*\n)+/m.exec(readme.split(`## ${heading}\n`)[1] ?? "") ?? [];
  const rows = table.trimEnd().split("\n").slice(2);
  return rows.map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
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
  const rows = (await tableBelow("What differs")).map((cells) => cells.at(-1) ?? "");
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.filter((row) => !titles.has(row))).toEqual([]);
});

it("the README names every room of the source, and no other", async () => {
  const entries = await readdir(join(PACKAGE, "src"), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => `\`${name}/\``);
  const rooms = (await tableBelow("Its tree")).map(([room = ""]) => room);
  expect([...rooms, "`tests/`", "`officialSuite/`"].sort()).toEqual(folders.sort());
});
