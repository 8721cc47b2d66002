import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { runConvexCli, startLocalDeployment } from "@klipstream/local-deployment";

import type { Benchmark, Section } from "./section.ts";

const SIZES = [100, 1_000, 10_000, 100_000];
/** Documents that one mutation writes where data kept on disk is compared with data in memory. */
const WRITES = [1, 50];
const CONCURRENCIES = [1, 8];
const MEASURE_MS = 2_000;
const WARM_UP_MS = 500;
const OWNERS_PER_TEN_DOCUMENTS = 1;
const INSERTS_PER_CALL = 500;

const PROJECT: Record<string, string> = {
  "package.json": '{"name":"project","type":"module","dependencies":{"convex":"*"}}',
  "convex/schema.ts": `import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ items: defineTable({ owner: v.string(), n: v.number() }).index("by_owner", ["owner"]) });`,
  "convex/items.ts": `import { mutation, query } from "./_generated/server";
import { v } from "convex/values";
export const nothing = mutation({ args: {}, returns: v.null(), handler: () => null });
export const list = query({ args: { owner: v.string() }, handler: (ctx, { owner }) =>
  ctx.db.query("items").withIndex("by_owner", (q) => q.eq("owner", owner)).order("desc").take(20) });
export const fill = mutation({ args: { from: v.number(), to: v.number(), owners: v.number() }, handler: async (ctx, { from, to, owners }) => {
  for (let n = from; n < to; n++) await ctx.db.insert("items", { owner: "owner " + (n % owners), n });
} });`,
};

/** How fast the local deployment answers, against an HTTP server that does nothing, and how long a deploy takes. */
const localDeployment: Benchmark = {
  name: "localDeployment",
  run: async () => {
    const empty = await startEmptyServer();
    try {
      const rows: (string | number)[][] = [];
      const deploys: number[] = [];
      for (const size of SIZES) {
        const emptyRates = await ratesOf((at) => post(empty.url, "/", { at }));
        rows.push(row("empty Node HTTP server", emptyRates, emptyRates));
        const rates = await measureAt(size, deploys);
        rows.push(row(`mutation that does nothing, ${size} documents`, rates.mutation, emptyRates));
        rows.push(row(`indexed query, ${size} documents`, rates.query, emptyRates));
      }
      return [requestSection(rows), await keptSection(), deploySection(deploys)];
    } finally {
      await empty.close();
    }
  },
};

export default localDeployment;

type Rates = number[];

function requestSection(rows: (string | number)[][]): Section {
  return {
    title: "Local deployment: requests per second",
    method: `Each for ${MEASURE_MS / 1000} s after ${WARM_UP_MS / 1000} s of warm-up, over HTTP keep-alive, client and server on the same machine. The query takes the 10 documents of one owner by index, newest first. Each ratio is to the empty server, measured right before.`,
    columns: ["what", "1 at a time, /s", "ratio", "8 at a time, /s", "ratio"],
    rows,
  };
}

function deploySection(deploys: readonly number[]): Section {
  return {
    title: "Local deployment: convex deploy",
    method: "Wall time of the real CLI from start to exit, without the type check: first pushes.",
    columns: ["what", "ms"],
    rows: deploys.map((ms, at) => [`deploy ${at + 1}`, Math.round(ms)]),
  };
}

/** What it costs that a mutation is acknowledged only when it is on disk. */
async function keptSection(): Promise<Section> {
  const dataFolder = await mkdtemp(join(tmpdir(), "convex-bench-data-"));
  try {
    const inMemory = await measureWrites({});
    const kept = await measureWrites({ dataFolder });
    const rows = WRITES.flatMap((writes, at) => [
      row(`${writes} documents, in memory`, inMemory[at] ?? [], inMemory[at] ?? []),
      row(`${writes} documents, on disk`, kept[at] ?? [], inMemory[at] ?? []),
    ]);
    return {
      title: "Local deployment: mutations in memory and on disk",
      method: `As above; each mutation inserts so many documents. On disk it is answered when they are durable. Each ratio is to the same in memory, measured right before.`,
      columns: ["what", "1 at a time, /s", "ratio", "8 at a time, /s", "ratio"],
      rows,
    };
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function measureWrites(options: { dataFolder?: string }): Promise<Rates[]> {
  await using deployment = await startLocalDeployment(options);
  await deploy(deployment);
  const rates: Rates[] = [];
  for (const to of WRITES)
    rates.push(
      await ratesOf(() => {
        const args = { from: 0, to, owners: 1000 };
        return post(deployment.url, "/api/mutation", { path: "items:fill", args });
      }),
    );
  return rates;
}

async function measureAt(
  size: number,
  deploys: number[],
): Promise<{ mutation: Rates; query: Rates }> {
  await using deployment = await startLocalDeployment();
  const startedAt = performance.now();
  await deploy(deployment);
  deploys.push(performance.now() - startedAt);
  const owners = (size / 10) * OWNERS_PER_TEN_DOCUMENTS;
  const { url } = deployment;
  for (let from = 0; from < size; from += INSERTS_PER_CALL) {
    const to = Math.min(size, from + INSERTS_PER_CALL);
    await post(url, "/api/mutation", { path: "items:fill", args: { from, to, owners } });
  }
  const mutation = { path: "items:nothing", args: {} };
  return {
    mutation: await ratesOf(() => post(url, "/api/mutation", mutation)),
    query: await ratesOf((at) => {
      const owner = `owner ${at % owners}`;
      return post(url, "/api/query", { path: "items:list", args: { owner } });
    }),
  };
}

async function deploy({ url, adminKey }: { url: string; adminKey: string }): Promise<void> {
  const cwd = await mkdtemp(join(tmpdir(), "convex-bench-"));
  try {
    await mkdir(join(cwd, "convex"));
    await symlink(join(import.meta.dirname, "node_modules"), join(cwd, "node_modules"));
    for (const [path, content] of Object.entries(PROJECT))
      await writeFile(join(cwd, path), content);
    const { exitCode, stderr } = await runConvexCli(["deploy", "--typecheck", "disable"], {
      url,
      adminKey,
      cwd,
    });
    if (exitCode !== 0) throw new Error(`the project could not be deployed:\n${stderr}`);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

async function startEmptyServer(): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => response.end("{}"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function post(url: string, path: string, body: unknown): Promise<void> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok || text.startsWith('{"status":"error"')) throw new Error(text);
}

async function ratesOf(request: (at: number) => Promise<void>): Promise<Rates> {
  const rates: Rates = [];
  for (const concurrency of CONCURRENCIES) {
    await perSecond(request, concurrency, WARM_UP_MS);
    rates.push(await perSecond(request, concurrency, MEASURE_MS));
  }
  return rates;
}

async function perSecond(
  request: (at: number) => Promise<void>,
  concurrency: number,
  forMs: number,
): Promise<number> {
  const startedAt = performance.now();
  let count = 0;
  const worker = async () => {
    while (performance.now() - startedAt < forMs) await request(count++);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return count / ((performance.now() - startedAt) / 1000);
}

function row(what: string, rates: Rates, empty: Rates): (string | number)[] {
  const cells = rates.flatMap((rate, at) => [
    Math.round(rate),
    Math.round((rate / (empty[at] ?? NaN)) * 1000) / 1000,
  ]);
  return [what, ...cells];
}
