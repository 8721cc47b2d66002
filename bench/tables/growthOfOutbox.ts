import { statSync } from "node:fs";
import { join } from "node:path";

import type { Experiment, Sample } from "../harness/experiment.ts";
import type { OpenedOutbox } from "../programs/openOutbox.ts";
import { builtPackages } from "../stage/builtPackages.ts";
import { fillOutbox } from "../stage/pendingOutbox.ts";
import { startProgram } from "../stage/program.ts";
import { startRelayProcess } from "../stage/relayProcess.ts";
import { temporaryFolder } from "../stage/temporaryFolder.ts";
import { twitchIdsFrom } from "../stage/videos.ts";

/** As many as an outbox takes is the last. */
const SIZES = [100, 10_000, 100_000];
const VIDEOS = 1000;
/** Nobody listens there: the backend is away. */
const NOWHERE = "http://127.0.0.1:1";
const OPEN = "to open, ms";
const ACCEPT = "to accept one, ms";
const MEMORY = "memory, MB";

/** What it costs that much waits in the outbox. */
export const growthOfOutbox: Experiment = {
  name: "growth-of-outbox",
  title: "Growth: pending updates",
  method: ({ size }) =>
    `Outboxes with 100 to ${size(SIZES.at(-1)!).toLocaleString("en-US")} updates of ${VIDEOS} videos that wait; the backend is away. Each round opens each of them in a new process: a ` +
    "manager (time of its constructor, median of 50 updates, the whole process's memory after that), and a `klipstream relay` (time from the start of the process " +
    "until it listens). Each ratio is to the same with 100.",
  rowTitle: "who, with how many pending",
  columns: [
    { name: OPEN },
    { name: "open: ratio", ratioOf: OPEN, to: toLeast },
    { name: ACCEPT },
    { name: "accept: ratio", ratioOf: ACCEPT, to: toLeast },
    { name: MEMORY },
    { name: "file, MB" },
  ],
  chart: { column: MEMORY },
  controls: ["processor", "disk"],
  budgetMs: 48_000,
  start: async ({ size }) => {
    const built = builtPackages();
    const folder = temporaryFolder();
    const outboxes = SIZES.map((full, at) => ({
      count: at === 0 ? full : size(full),
      path: join(folder.path, `outbox-${full}.db`),
    }));
    const twitchIds = twitchIdsFrom(1, VIDEOS);
    for (const outbox of outboxes) await fillOutbox({ ...outbox, url: NOWHERE, twitchIds });
    return {
      async round() {
        const sample: Record<string, Sample[string]> = {};
        for (const { count, path } of outboxes) {
          sample[rowOf("manager", count)] = await openManager(path);
          const relay = { cli: built.cli, cwd: built.path, outboxPath: path, url: NOWHERE };
          sample[rowOf("relay", count)] = await openRelay(relay);
        }
        return sample;
      },
      close() {
        folder[Symbol.dispose]();
        return Promise.resolve();
      },
    };
  },
};

function rowOf(who: string, count: number): string {
  return `${who}, ${count.toLocaleString("en-US")}`;
}

function toLeast(row: string): string | undefined {
  const least = rowOf(row.startsWith("manager") ? "manager" : "relay", SIZES[0]!);
  return row === least ? undefined : least;
}

async function openManager(path: string): Promise<Sample[string]> {
  const { ready, stop } = await startProgram<OpenedOutbox>("openOutbox.ts", [path, NOWHERE]);
  await stop();
  return {
    [OPEN]: ready.openMs,
    [ACCEPT]: ready.acceptMs,
    [MEMORY]: ready.memoryMb,
    "file, MB": statSync(path).size / 1_000_000,
  };
}

async function openRelay(place: Parameters<typeof startRelayProcess>[0]): Promise<Sample[string]> {
  const relay = await startRelayProcess(place);
  try {
    return { [OPEN]: relay.openMs, [MEMORY]: relay.memoryMb() };
  } finally {
    await relay.stop();
  }
}
