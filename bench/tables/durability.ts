import { join } from "node:path";

import { ConvexManager, RelayManager } from "@klipstream/client";
import { MemoryStore, type OutboxStore } from "@klipstream/client/internals";

import { timeDisk } from "../harness/control.ts";
import type { Experiment, Sample } from "../harness/experiment.ts";
import { median, percentile } from "../harness/spread.ts";
import { medianOf } from "../harness/table.ts";
import { temporaryFolder } from "../stage/temporaryFolder.ts";

const UPDATES = 128;
const TOGETHER = 64;
const BARE = "a bare 4 KiB write with fdatasync";
const ALONE = "an update accepted";
const MS = "per update p50, ms";
/** Nobody listens there: the way to a backend that is away. */
const NOWHERE = "http://127.0.0.1:1";

/** What it costs that an update is on disk before anything else happens. */
export const durability: Experiment = {
  name: "durability",
  title: "The price of durability",
  method:
    `The backend is away, so that nothing but accepting is measured: ${UPDATES} updates one after the other, on disk and with a store in memory, and in groups of ` +
    `${TOGETHER} that arrive together, as the relay takes them (there, a group's time by its size). A bare write of the same round is the measure.`,
  rowTitle: "what",
  columns: [
    { name: MS },
    { name: "p99, ms" },
    {
      name: "ratio to the bare write",
      ratioOf: MS,
      to: (row) => (row === BARE ? undefined : BARE),
    },
  ],
  chart: { column: MS },
  controls: ["processor", "disk"],
  budgetMs: 12_000,
  start: () => Promise.resolve({ round, close: () => Promise.resolve() }),
  headline: (table) => {
    const ratio = medianOf(table, ALONE, "ratio to the bare write");
    if (ratio === null) return null;
    return `To accept an update takes ${ratio.toFixed(1)} times as long as a bare durable write.`;
  },
};

async function round(): Promise<Sample> {
  return {
    [BARE]: figuresOf(timeDisk(UPDATES)),
    [ALONE]: figuresOf(await acceptAlone()),
    "the same, kept in memory": figuresOf(await acceptAlone(new MemoryStore())),
    [`${TOGETHER} accepted together, each`]: figuresOf(await acceptTogether()),
  };
}

function figuresOf(times: readonly number[]): Sample[string] {
  return { [MS]: median(times), "p99, ms": percentile(times, 0.99) };
}

async function acceptAlone(store?: OutboxStore): Promise<number[]> {
  using folder = temporaryFolder();
  const manager = new ConvexManager(optionsIn(folder.path), {
    ...ambientIn(folder.path),
    ...(store && { store }),
  });
  const times: number[] = [];
  for (let update = 0; update < UPDATES; update++) {
    const startedAt = performance.now();
    await manager.updateVideoStatus(String(update), "Downloading", { waitMs: 0 });
    times.push(performance.now() - startedAt);
  }
  await manager.close({ timeoutMs: 0 });
  return times;
}

async function acceptTogether(): Promise<number[]> {
  using folder = temporaryFolder();
  const manager = new RelayManager(optionsIn(folder.path), ambientIn(folder.path));
  const times: number[] = [];
  for (let group = 0; group < UPDATES; group += TOGETHER) {
    const startedAt = performance.now();
    await Promise.all(
      Array.from({ length: TOGETHER }, (_, index) =>
        manager.updateVideoStatus(String(group + index), "Downloading", { waitMs: 0 }),
      ),
    );
    times.push((performance.now() - startedAt) / TOGETHER);
  }
  await manager.close({ timeoutMs: 0 });
  return times;
}

function optionsIn(folder: string) {
  return { url: NOWHERE, logLevel: "silent", outboxPath: join(folder, "outbox.db") } as const;
}

function ambientIn(folder: string) {
  return { place: { env: {}, cwd: folder } };
}
