import { join } from "node:path";

import { timeDisk } from "../harness/control.ts";
import type { Experiment, Sample } from "../harness/experiment.ts";
import { median, percentile } from "../harness/spread.ts";
import { medianOf } from "../harness/table.ts";
import { builtPackages } from "../stage/builtPackages.ts";
import { type Answers, callOver } from "../stage/connections.ts";
import { startProgram } from "../stage/program.ts";
import { startRelayProcess } from "../stage/relayProcess.ts";
import { temporaryFolder } from "../stage/temporaryFolder.ts";

/** How many connections, and how many updates over them in a round: 10 rounds must fit into an outbox. */
const CALLERS: readonly [connections: number, updates: number][] = [
  [1, 200],
  [8, 800],
  [64, 2500],
  [512, 4000],
];
/** The same of the server that does nothing. */
const EMPTY_CALLS: typeof CALLERS = [
  [1, 400],
  [64, 2500],
];
const WRITES = 300;
/** Nobody listens there: the backend is away. */
const NOWHERE = "http://127.0.0.1:1";
const VIDEOS = 5000;

const BARE = "bare durable write";
const BOTH = "both, one after the other";
const PER_SECOND = "per second";
const P50 = "p50, ms";
const AGAINST_WRITES = "per second: ratio to bare writes";
const AGAINST_BOTH = "p50: ratio to both";
const over = (connections: number) =>
  connections === 1 ? "1 connection" : `${connections} connections`;
const relayRow = (connections: number) => `relay, ${over(connections)}`;
const emptyRow = (connections: number) => `empty HTTP exchange, ${over(connections)}`;

/** How many updates the relay accepts, and how long each caller waits for that. */
export const relay: Experiment = {
  name: "relay",
  title: "The relay: accepted updates",
  method:
    "A `klipstream relay` in a process of its own, with the backend away: each update is answered when it is on disk. Each connection sends the next one as soon as the one " +
    "before it is answered. The bare write is 4 KiB with fdatasync; the empty exchange is with a Node HTTP server in a process of its own that answers and does " +
    "nothing. Caller and relay share one machine. Wanted: one caller at most 2 times both, 64 callers at least 5 times the bare writes. No relay " +
    "on Node can accept more than the empty server answers.",
  rowTitle: "what",
  columns: [
    { name: PER_SECOND },
    { name: P50 },
    { name: "p99, ms" },
    { name: AGAINST_WRITES, ratioOf: PER_SECOND, to: against(BARE) },
    { name: AGAINST_BOTH, ratioOf: P50, to: (row) => (row === relayRow(1) ? BOTH : undefined) },
  ],
  chart: { column: PER_SECOND },
  controls: ["processor", "disk"],
  budgetMs: 50_000,
  start: async ({ size }) => {
    const built = builtPackages();
    const server = await startProgram<string>("answeringServer.ts", []);
    const folder = temporaryFolder();
    const process = await startRelayProcess({
      cli: built.cli,
      cwd: built.path,
      outboxPath: join(folder.path, "outbox.db"),
      url: NOWHERE,
    });
    let sent = 0;
    const bodyOf = (call: number) => {
      const twitchId = String(1 + ((sent + call) % VIDEOS));
      const urls = { chatUrl: `https://files.example/${sent + call}.csv` };
      return JSON.stringify({ path: "video:updateUrls", args: { twitchId, urls }, format: "json" });
    };
    const send = async (url: string, connections: number, most: number) => {
      const calls = Math.max(connections, size(most));
      const answers = await callOver({ url, connections, calls, bodyOf });
      sent += calls;
      return figuresOf(answers);
    };
    // The first one discovers that the backend is away, and waits for it.
    await send(process.url, 1, 1);
    return {
      async round() {
        const writes = timeDisk(size(WRITES));
        const sample: Record<string, Sample[string]> = {
          [BARE]: figuresOf({ perSecond: perSecondOf(writes), times: writes }),
        };
        for (const [connections, most] of EMPTY_CALLS)
          sample[emptyRow(connections)] = await send(server.ready, connections, most);
        sample[BOTH] = { [P50]: median(writes) + sample[emptyRow(1)]![P50]! };
        for (const [connections, most] of CALLERS)
          sample[relayRow(connections)] = await send(process.url, connections, most);
        return sample;
      },
      async close() {
        await process.stop();
        await server.stop();
        folder[Symbol.dispose]();
      },
    };
  },
  headline: (table) => {
    const many = medianOf(table, relayRow(64), AGAINST_WRITES);
    const one = medianOf(table, relayRow(1), AGAINST_BOTH);
    if (many === null || one === null) return null;
    return (
      `The relay accepts ${many.toFixed(1)} times as many updates a second from 64 callers as the disk takes bare durable writes; one caller ` +
      `waits ${one.toFixed(1)} times as long as for one write and one empty exchange.`
    );
  },
};

function against(base: string) {
  return (row: string) => (row.startsWith("relay") ? base : undefined);
}

function perSecondOf(times: readonly number[]): number {
  return (times.length * 1000) / times.reduce((sum, ms) => sum + ms, 0);
}

function figuresOf({ perSecond, times }: Answers): Sample[string] {
  return { [PER_SECOND]: perSecond, [P50]: median(times), "p99, ms": percentile(times, 0.99) };
}
