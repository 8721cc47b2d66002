import { CONTROLS, type ControlName, judgeControls } from "./control.ts";
import { spreadOf } from "./spread.ts";
import { type Cell, type Chart, type Table, TOO_NOISY } from "./table.ts";

/** The figures of one round, by row and column. A row has the figures that it has. */
export type Sample = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** A figure that rounds bring, or one that is a ratio of two rows of the same round. */
export type Column = {
  name: string;
  /** The column that is divided. */
  ratioOf?: string;
  /** The row that a row is divided by; undefined for a row that has no such ratio. */
  to?: (row: string) => string | undefined;
};

/** A round that stays ready to be repeated, and what has to be ended afterwards. */
export type Running = { round: () => Promise<Sample>; close: () => Promise<unknown> };

/** What a table is made by. */
export type Experiment = Pick<Table, "name" | "title" | "rowTitle"> & {
  method: string | ((mode: Mode) => string);
  columns: Column[];
  chart: Chart;
  /** What has to hold still; none where only counts and sizes are compared. */
  controls: ControlName[];
  /** Default: as many as the mode asks for. One is enough for what cannot vary. */
  rounds?: number;
  /** How long the rounds may take, in ms; then there are fewer, and the table says so. */
  budgetMs: number;
  start: (mode: Mode) => Promise<Running>;
  /** Null where the figure that it needs was too noisy. */
  headline?: (table: Table) => string | null;
  /** Why it cannot be run here, or null. */
  missing?: () => string | null;
};

/** How thorough a run is. */
export type Mode = {
  rounds: number;
  /** Of an experiment's budget, from 0 to 1. */
  budgetShare: number;
  /** When an experiment that hangs is given up, in ms from now. */
  limitMs: number;
  /** Makes the big numbers of an experiment smaller, or not. */
  size: (full: number) => number;
};

const CLOSE_MAX_MS = 15_000;

/** Runs an experiment round by round. @throws what it throws, and an Error where it takes far too long. */
export async function runExperiment(experiment: Experiment, mode: Mode): Promise<Table> {
  const running = experiment.start(mode);
  try {
    return await within(
      mode.limitMs,
      running.then((started) => repeat(experiment, started, mode)),
    );
  } finally {
    await within(
      CLOSE_MAX_MS,
      running.then((started) => started.close()),
    );
  }
}

async function repeat(experiment: Experiment, started: Running, mode: Mode): Promise<Table> {
  const wanted = experiment.rounds ?? mode.rounds;
  const budgetMs = experiment.budgetMs * mode.budgetShare;
  const samples: Sample[] = [];
  const controls: Partial<Record<ControlName, number[]>> = {};
  const startedAt = performance.now();
  let lastMs = 0;
  while (samples.length < wanted && (samples.length === 0 || elapsed() + lastMs < budgetMs)) {
    const roundAt = elapsed();
    for (const name of experiment.controls) (controls[name] ??= []).push(CONTROLS[name]());
    samples.push(await started.round());
    lastMs = elapsed() - roundAt;
  }
  return tableOf(experiment, { samples, mode, wanted, controls });

  function elapsed(): number {
    return performance.now() - startedAt;
  }
}

type Measured = {
  samples: readonly Sample[];
  mode: Mode;
  wanted: number;
  controls: Partial<Record<ControlName, number[]>>;
};

/** The table of what rounds brought. */
export function tableOf(
  experiment: Experiment,
  { samples, mode, wanted, controls }: Measured,
): Table {
  const { name, title, method, rowTitle, columns, chart } = experiment;
  const control = experiment.controls.length === 0 ? null : judgeControls(controls);
  const isTooNoisy = control?.isTooNoisy ?? false;
  const rows = [...new Set(samples.flatMap((sample) => Object.keys(sample)))];
  const table: Table = {
    name,
    title,
    method: typeof method === "string" ? method : method(mode),
    rowTitle,
    columns: columns.map((column) => column.name),
    rows: rows.map((row) => ({
      name: row,
      cells: columns.map((column) => cellOver(samples, { row, column, isTooNoisy })),
    })),
    chart,
    rounds: { done: samples.length, wanted },
    control,
    headline: null,
  };
  return { ...table, headline: experiment.headline?.(table) ?? null };
}

type Position = { row: string; column: Column; isTooNoisy: boolean };

function cellOver(samples: readonly Sample[], { row, column, isTooNoisy }: Position): Cell {
  const base = column.to?.(row);
  if (column.ratioOf !== undefined && base === undefined) return null;
  const values = samples.flatMap((sample) => {
    const value = sample[row]?.[column.ratioOf ?? column.name];
    if (value === undefined || base === undefined) return value ?? [];
    const divisor = sample[base]?.[column.ratioOf ?? ""];
    return divisor === undefined ? [] : value / divisor;
  });
  if (values.length === 0) return null;
  return column.ratioOf !== undefined && isTooNoisy ? TOO_NOISY : spreadOf(values);
}

/** What it takes to start and to end an experiment, in ms; roughly, as it is set aside and not measured. */
const START_AND_END_MS = 6000;

/** Which share of its budget each experiment may have, so that all together end in time. */
export function shareOf(
  leftMs: number,
  experiments: readonly Pick<Experiment, "budgetMs">[],
): number {
  const budgetsMs = experiments.reduce((sum, { budgetMs }) => sum + budgetMs, 0);
  const forRoundsMs = leftMs - experiments.length * START_AND_END_MS;
  return Math.min(1, Math.max(0, forRoundsMs / budgetsMs));
}

/** What a promise resolves to. @throws Error where that takes longer than this */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${Math.round(ms)} ms`)), ms);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
