import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, totalmem, type } from "node:os";
import { join } from "node:path";

import { chartOf } from "./chart.ts";
import { figuresDocument, withHeadlines } from "./document.ts";
import type { Results, Table } from "./table.ts";

const PROJECT = join(import.meta.dirname, "../..");
const RESULTS = join(PROJECT, "bench/results.json");
const DOCUMENT = join(PROJECT, "docs/figures.md");
const CHARTS = join(PROJECT, "docs/figures");
const README = join(PROJECT, "README.md");
const BYTES_PER_GIB = 2 ** 30;

/** Writes `bench/results.json`, and all that is made from it. */
export async function keepResults(tables: readonly Table[]): Promise<void> {
  const results: Results = { machine: describeMachine(), tables: [...tables] };
  await writeFile(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  await drawResults();
}

/** Makes `docs/figures.md` with its charts, and the README's headlines, from `bench/results.json`. */
export async function drawResults(): Promise<void> {
  const results = JSON.parse(await readFile(RESULTS, "utf8")) as Results;
  await writeFile(DOCUMENT, figuresDocument(results));
  await writeFile(README, withHeadlines(await readFile(README, "utf8"), results));
  await rm(CHARTS, { recursive: true, force: true });
  await mkdir(CHARTS);
  for (const table of results.tables)
    await writeFile(join(CHARTS, `${table.name}.svg`), chartOf(table));
}

function describeMachine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / BYTES_PER_GIB);
  return `${cpus().length} cores (${first?.model.trim() ?? "unknown"}), ${memory} GiB, ${type()}, Node ${process.versions.node}`;
}
