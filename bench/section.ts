/** One table of the benchmark: what was measured, and how. */
export type Section = {
  title: string;
  /** How it was measured, in sentences. */
  method: string;
  columns: string[];
  rows: (string | number)[][];
};

/** What each file `bench/<name>.ts` exports as its default. */
export type Benchmark = {
  name: string;
  run: () => Promise<Section[]>;
};
