/**
 * Measures, and prints the tables.
 *
 *   pnpm bench                 all tables; writes `bench/results.json`, `docs/figures.md`, `docs/figures/` and the README's headlines
 *   pnpm bench <name> ...      those named; prints only, as figures that are compared come from one run
 *   pnpm bench --quick         few and small rounds; prints only
 *
 * Exits with 1 where a table could not be made, and with 2 where one is not known.
 */
import { parseArgs } from "node:util";

import { runExperiment, shareOf } from "./harness/experiment.ts";
import { printed } from "./harness/print.ts";
import { keepResults } from "./harness/results.ts";
import type { Table } from "./harness/table.ts";
import { EXPERIMENTS } from "./tables/index.ts";

/** Of both, all tables together take no longer than `totalMs`: each gets its share of what is left. */
const FULL = { rounds: 10, totalMs: 540_000, size: (full: number) => full };
const QUICK = { rounds: 3, totalMs: 85_000, size: (full: number) => Math.ceil(full / 10) };
/** After that, what still runs is given up. */
const SPARE_MS = 15_000;

const { values, positionals: names } = parseArgs({
  options: { quick: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = names.filter((name) => !EXPERIMENTS.some((experiment) => experiment.name === name));
if (unknown.length > 0) {
  const known = EXPERIMENTS.map(({ name }) => name).join(", ");
  process.stderr.write(`There is no table ${unknown.join(", ")}; there are ${known}.\n`);
  process.exit(2);
}

const mode = values.quick ? QUICK : FULL;
const startedAt = performance.now();
const chosen = EXPERIMENTS.filter(({ name }) => names.length === 0 || names.includes(name));
const tables: Table[] = [];
const failed: string[] = [];
for (const [at, experiment] of chosen.entries()) {
  const missing = experiment.missing?.() ?? null;
  if (missing !== null) {
    process.stdout.write(`\n${experiment.title}: left out. ${missing}\n`);
    continue;
  }
  try {
    const leftMs = startedAt + mode.totalMs - performance.now();
    const budgetShare = shareOf(leftMs, chosen.slice(at));
    if (leftMs < 0) throw new Error("the tables before it have taken all the time");
    const limitMs = leftMs + SPARE_MS;
    const table = await runExperiment(experiment, { ...mode, budgetShare, limitMs });
    tables.push(table);
    process.stdout.write(printed(table));
  } catch (error) {
    failed.push(experiment.name);
    const why = error instanceof Error ? error.stack : String(error);
    process.stderr.write(`\n${experiment.title}: could not be measured.\n${why}\n`);
  }
}
if (!values.quick && names.length === 0) await keepResults(tables);
const seconds = Math.round((performance.now() - startedAt) / 1000);
process.stdout.write(`\n${tables.length} tables, ${failed.length} failed, in ${seconds} s\n`);
// A connection that some client keeps for later must not keep the program.
process.exit(failed.length > 0 ? 1 : 0);
