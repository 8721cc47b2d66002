import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";

import { pause } from "./FaultProxy.ts";
import type { Finding } from "./finding.ts";
import { KilledBackend } from "./KilledBackend.ts";
import { Random } from "./random.ts";

const WRITERS = ["writer 1", "writer 2", "writer 3"];
/** Writes that each writer has under way at any time: what a kill cuts off is sent again by the client. */
const UNDER_WAY = 4;
/** How long a life lasts, from when the backend serves, in milliseconds. The client waits up to a second before it connects again. */
const LIFE_MS = [20, 2500] as const;
/** How long after its write a job is due, in milliseconds: before the kill, while the backend is away, or after it. */
const DUE_MS = [0, 2000] as const;
const SETTLE_MS = 60_000;

type Table = "first" | "second" | "settled";
const write = makeFunctionReference<"mutation", { writer: string; n: number; delayMs: number }>(
  "writes:write",
);
const count = makeFunctionReference<"query", { writer: string }, number>("writes:count");
const numbers = makeFunctionReference<"query", { table: Table; writer: string }, number[]>(
  "writes:numbers",
);

/**
 * Kills the local deployment under three writers, a subscriber and a schedule that is always due, starts it again on the same data, and
 * compares what it holds with what the writers were told.
 */
export async function killBackend(options: {
  kills: number;
  seed: number;
  onProgress: (line: string) => void;
}): Promise<Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), "klipstream-chaos-backend-"));
  const backend = await KilledBackend.create(folder);
  const random = new Random(options.seed);
  const writers = WRITERS.map((name) => new Writer(name, backend.url, random));
  const subscriber = new Subscriber(backend.url);
  let cutOff = 0;
  try {
    const writing = writers.map((writer) => writer.run());
    for (let kill = 1; kill <= options.kills; kill++) {
      await pause(random.between(...LIFE_MS));
      await backend.kill();
      cutOff += writers.reduce((sum, { underWay }) => sum + underWay, 0);
      if (kill % 20 === 0) options.onProgress(`the backend: ${kill} kills`);
      await backend.start();
    }
    for (const writer of writers) writer.stop();
    await Promise.all(writing);
    const books = await readBooks(backend.url, writers);
    // What it was told last is what there is: nothing that it saw was taken back.
    await subscriber.until(books.counted);
    return findingsOf(books, { ...options, cutOff, regressions: subscriber.regressions });
  } finally {
    for (const { close } of [...writers, subscriber]) await close();
    await backend.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Writer {
  readonly name: string;
  readonly acknowledged: number[] = [];
  underWay = 0;
  readonly #client: ConvexClient;
  readonly #random: Random;
  #next = 0;
  #isStopped = false;

  constructor(name: string, url: string, random: Random) {
    this.name = name;
    this.#client = new ConvexClient(url, { logger: false });
    this.#random = random;
  }

  readonly close = () => this.#client.close();

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: UNDER_WAY }, () => this.#writeOn()));
  }

  /** What is under way is still answered. */
  stop(): void {
    this.#isStopped = true;
  }

  async #writeOn(): Promise<void> {
    while (!this.#isStopped) {
      const n = this.#next++;
      const delayMs = this.#random.between(...DUE_MS);
      this.underWay += 1;
      await this.#client.mutation(write, { writer: this.name, n, delayMs });
      this.underWay -= 1;
      this.acknowledged.push(n);
      await pause(this.#random.between(0, 20));
    }
  }
}

/** Is told of the first writer's count, which only grows. */
class Subscriber {
  regressions = 0;
  readonly #client: ConvexClient;
  #newest = 0;

  constructor(url: string) {
    this.#client = new ConvexClient(url, { logger: false });
    this.#client.onUpdate(count, { writer: WRITERS[0] ?? "" }, (value) => {
      if (value < this.#newest) this.regressions += 1;
      this.#newest = value;
    });
  }

  readonly close = () => this.#client.close();

  async until(value: number): Promise<void> {
    const endsAt = performance.now() + SETTLE_MS;
    while (this.#newest !== value) {
      if (performance.now() > endsAt)
        throw new Error(`the subscriber was last told ${this.#newest} instead of ${value}`);
      await pause(20);
    }
  }
}

type Books = {
  acknowledged: number;
  lost: number;
  halves: number;
  twice: number;
  jobsMissing: number;
  jobsTwice: number;
  /** How many writes of the first writer there are. */
  counted: number;
};

async function readBooks(url: string, writers: readonly Writer[]): Promise<Books> {
  const client = new ConvexHttpClient(url, { logger: false });
  const books = { acknowledged: 0, lost: 0, halves: 0, twice: 0, jobsMissing: 0, jobsTwice: 0 };
  for (const { name: writer, acknowledged } of writers) {
    const read = (table: Table) => client.query(numbers, { table, writer });
    const [first, second] = [await read("first"), await read("second")];
    const settled = await readSettled(() => read("settled"), first.length);
    books.acknowledged += acknowledged.length;
    books.lost += missing(acknowledged, first);
    books.halves += missing(first, second) + missing(second, first);
    books.twice += repeated(first);
    books.jobsMissing += missing(first, settled);
    books.jobsTwice += repeated(settled);
  }
  const counted = await client.query(count, { writer: WRITERS[0] ?? "" });
  return { ...books, counted };
}

/** The last jobs become due only now. */
async function readSettled(read: () => Promise<number[]>, expected: number): Promise<number[]> {
  const endsAt = performance.now() + SETTLE_MS;
  let settled = await read();
  while (settled.length < expected && performance.now() < endsAt) {
    await pause(100);
    settled = await read();
  }
  return settled;
}

function missing(wanted: readonly number[], found: readonly number[]): number {
  const there = new Set(found);
  return wanted.filter((n) => !there.has(n)).length;
}

function repeated(found: readonly number[]): number {
  return found.length - new Set(found).size;
}

function findingsOf(
  { acknowledged, lost, halves, twice, jobsMissing, jobsTwice }: Books,
  { kills, cutOff, regressions }: { kills: number; cutOff: number; regressions: number },
): Finding[] {
  return [
    {
      promise: "a killed backend loses nothing",
      how: `${kills} SIGKILLs of the local deployment, 3 writers, ${acknowledged} mutations acknowledged`,
      figure: `${lost} lost, ${halves} half-applied`,
      kept: lost === 0 && halves === 0 && acknowledged > 0,
    },
    {
      promise: "a mutation sent again runs once",
      how: `${cutOff} mutations cut off by a kill, which their client repeats`,
      figure: `${twice} applied twice`,
      kept: twice === 0 && cutOff > 0,
    },
    {
      promise: "a due schedule survives",
      how: "each mutation schedules a job, due before, while or after the backend is away",
      figure: `${jobsMissing} not run, ${jobsTwice} run twice`,
      kept: jobsMissing === 0 && jobsTwice === 0,
    },
    {
      promise: "a subscriber sees only what stays",
      how: "the count of one writer, which only grows, over all kills",
      figure: `${regressions} values taken back`,
      kept: regressions === 0,
    },
  ];
}
