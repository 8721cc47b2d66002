/**
 * Runs the benchmarks, prints their tables and writes them into `bench/results.json`, each under its own name, and into
 * `docs/figures.md`.
 *
 *   node --import tsx bench/run.ts [name ...]     all of them, or those named
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { figuresDocument } from "./figuresDocument.ts";
import type { Benchmark, Section } from "./section.ts";

const RESULTS = join(import.meta.dirname, "results.json");
const FIGURES = join(import.meta.dirname, "../docs/figures.md");
const CELL_GAP = "  ";

async function findBenchmarks(): Promise<Benchmark[]> {
  const found: Benchmark[] = [];
  for (const file of (await readdir(import.meta.dirname)).sort()) {
    if (!file.endsWith(".ts") || ["run.ts", "figuresDocument.ts"].includes(file)) continue;
    const url = pathToFileURL(join(import.meta.dirname, file)).href;
    const { default: benchmark } = (await import(url)) as { default?: Partial<Benchmark> };
    if (benchmark?.name !== undefined && benchmark.run !== undefined)
      found.push(benchmark as Benchmark);
  }
  return found;
}

function print({ title, method, columns, rows }: Section): void {
  const lines = [columns, ...rows].map((cells) => cells.map(String));
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)));
  const format = (cells: string[]) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join(CELL_GAP);
  process.stdout.write(`\n${title}\n${method}\n\n${lines.map(format).join("\n")}\n`);
}

async function readResults(): Promise<Record<string, Section[]>> {
  try {
    return JSON.parse(await readFile(RESULTS, "utf8")) as Record<string, Section[]>;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
}

const names = process.argv.slice(2);
const all = await findBenchmarks();
const unknown = names.filter((name) => !all.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  const known = all.map(({ name }) => name).join(", ");
  process.stderr.write(`There is no benchmark ${unknown.join(", ")}; there are ${known}.\n`);
  process.exit(2);
}
for (const { name, run } of all) {
  if (names.length > 0 && !names.includes(name)) continue;
  const sections = await run();
  for (const section of sections) print(section);
  // After each one: a later benchmark that fails takes nothing with it.
  const results = { ...(await readResults()), [name]: sections };
  await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(FIGURES, figuresDocument(results));
}
