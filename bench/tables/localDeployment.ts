import { type LocalDeployment, startLocalDeployment } from "@klipstream/local-deployment";

import type { Experiment, Sample } from "../harness/experiment.ts";
import { callItems, deployItems, fillItems } from "../stage/itemsProject.ts";
import { startProgram } from "../stage/program.ts";
import { temporaryFolder } from "../stage/temporaryFolder.ts";

const SIZES = [100, 1000, 10_000, 100_000];
/** Documents that one mutation inserts where data kept on disk is compared with data in memory. */
const WRITES = [1, 50];
const CONCURRENCIES = [1, 8];
const MEASURE_MS = 120;
const EMPTY = "empty Node HTTP server";
const QUERY = "indexed query";
const ON_DISK = "on disk";
const IN_MEMORY = "in memory";
const columnOf = (concurrency: number) => `${concurrency} at a time, /s`;

/** A kind of request, and where it goes. */
type Requests = { name: string; send: (at: number) => Promise<void> };

/** How many requests the local deployment answers, against a server that does nothing. */
export const localDeployment: Experiment = {
  name: "local-deployment",
  title: "Local deployment: requests per second",
  method:
    `Each kind for ${MEASURE_MS} ms in each round, over HTTP keep-alive, all on one machine, with ${CONCURRENCIES.join(" and ")} at a time. The query takes the 10 documents of one owner by ` +
    "index, newest first; the mutation does nothing, or inserts documents, and is answered when they are on disk where they are kept there. The empty server is a process of its own. " +
    '"To the empty server": of the same round. "To the same": a query to the one with 1,000 documents, a mutation on disk to the one in memory. The push is a first `convex deploy` ' +
    "of the real CLI without its type check, from start to exit, once for each.",
  rowTitle: "what",
  columns: [
    ...CONCURRENCIES.flatMap((concurrency) => [
      { name: columnOf(concurrency) },
      {
        name: `${concurrency}: to the empty server`,
        ratioOf: columnOf(concurrency),
        to: (row: string) => (row === EMPTY || row === "push" ? undefined : EMPTY),
      },
      { name: `${concurrency}: to the same`, ratioOf: columnOf(concurrency), to: sameOf },
    ]),
    { name: "push, ms" },
  ],
  chart: { column: columnOf(1) },
  controls: ["processor", "disk"],
  budgetMs: 40_000,
  start: async ({ size }) => {
    const folder = temporaryFolder();
    const server = await startProgram<string>("answeringServer.ts", []);
    const deployments: LocalDeployment[] = [];
    const pushes: number[] = [];
    const open = async (options: { dataFolder?: string } = {}) => {
      const deployment = await startLocalDeployment(options);
      deployments.push(deployment);
      pushes.push(await deployItems(deployment));
      return deployment;
    };
    const kinds: Requests[] = [{ name: EMPTY, send: (at) => sendNothing(server.ready, at) }];
    for (const documents of new Set(SIZES.map((full) => Math.max(100, size(full))))) {
      const deployment = await open();
      await fillItems(deployment, documents);
      kinds.push(...requestsWith(deployment, documents));
    }
    const [disk, memory] = [await open({ dataFolder: folder.path }), await open()];
    for (const writes of WRITES)
      kinds.push(insertion(memory, IN_MEMORY, writes), insertion(disk, ON_DISK, writes));
    // To warm up.
    for (const kind of kinds) await measure(kind);
    return {
      async round() {
        const sample: Record<string, Sample[string]> = {};
        for (const kind of kinds) sample[kind.name] = await measure(kind);
        const pushMs = pushes.shift();
        return pushMs === undefined ? sample : { ...sample, push: { "push, ms": pushMs } };
      },
      async close() {
        for (const deployment of deployments) await deployment.close();
        await server.stop();
        folder[Symbol.dispose]();
      },
    };
  },
};

function sameOf(row: string): string | undefined {
  if (row.startsWith(QUERY)) return row === queryRow(1000) ? undefined : queryRow(1000);
  return row.endsWith(ON_DISK) ? row.replace(ON_DISK, IN_MEMORY) : undefined;
}

function queryRow(documents: number): string {
  return `${QUERY}, ${documents.toLocaleString("en-US")} documents`;
}

function requestsWith({ url }: LocalDeployment, documents: number): Requests[] {
  const count = documents.toLocaleString("en-US");
  const nothing = { path: "items:nothing", args: {} };
  const owner = (at: number) => `owner ${at % (documents / 10)}`;
  return [
    {
      name: `mutation that does nothing, ${count} documents`,
      send: () => callItems(url, "mutation", nothing),
    },
    {
      name: queryRow(documents),
      send: (at) => callItems(url, "query", { path: "items:list", args: { owner: owner(at) } }),
    },
  ];
}

function insertion({ url }: LocalDeployment, where: string, writes: number): Requests {
  const fill = { path: "items:fill", args: { from: 0, to: writes, owners: 1000 } };
  return {
    name: `insertion of ${writes}, ${where}`,
    send: () => callItems(url, "mutation", fill),
  };
}

function sendNothing(url: string, at: number): Promise<void> {
  return callItems(url, "query", { path: "items:nothing", args: { at } });
}

async function measure({ send }: Requests): Promise<Sample[string]> {
  const rates: Record<string, number> = {};
  for (const concurrency of CONCURRENCIES) {
    const startedAt = performance.now();
    let count = 0;
    const caller = async () => {
      while (performance.now() - startedAt < MEASURE_MS) await send(count++);
    };
    await Promise.all(Array.from({ length: concurrency }, caller));
    rates[columnOf(concurrency)] = (count * 1000) / (performance.now() - startedAt);
  }
  return rates;
}
