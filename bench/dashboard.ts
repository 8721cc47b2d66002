import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { servePage } from "@klipstream/dashboard/server";
import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import type { Page } from "playwright-core";

import { findChromium, HOW_TO_INSTALL, launchChromium } from "./chromium.ts";
import type { Benchmark, Section } from "./section.ts";
import { type Backend, startBackend } from "./startBackend.ts";

const DIST = fileURLToPath(new URL("../apps/dashboard/dist/", import.meta.url));
const VIDEOS = 500;
const CHANGES_PER_SECOND = 50;
const WATCHED_SECONDS = 20;
const ROUNDS = 50;
const FIRST_TWITCH_ID = 700_000;

/** The dashboard: how much there is to load, how it bears many changes, and how soon a change is on screen. */
const dashboard: Benchmark = {
  name: "dashboard",
  run: async (): Promise<Section[]> => {
    const executable = findChromium();
    if (executable === null) throw new Error(`There is no Chromium: ${HOW_TO_INSTALL}`);
    build();
    const backend = await startBackend();
    const served = await servePage({ deploymentUrl: backend.deployment.url });
    const browser = await launchChromium(executable);
    try {
      await fill(backend);
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.goto(`${served.url}#token=${backend.apiKey}`);
      await loadAll(page);
      return [sizes(), await bearChanges(page, backend), await seeChanges(page, backend)];
    } finally {
      await browser.close();
      await served.close();
      await backend.deployment.close();
    }
  },
};

export default dashboard;

/** pnpm is there: it runs this benchmark. */
function build(): void {
  const args = ["--filter", "@klipstream/dashboard", "build"];
  const { status, stderr } = spawnSync("pnpm", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`the dashboard could not be built: ${stderr || "no pnpm"}`);
}

function sizes(): Section {
  const kilobytes = (names: string[]): number => {
    const size = (name: string) => gzipSync(readFileSync(join(DIST, "assets", name))).length;
    return Math.round(names.reduce((sum, name) => sum + size(name), 0) / 100) / 10;
  };
  const html = readFileSync(join(DIST, "index.html"), "utf8");
  const all = readdirSync(join(DIST, "assets"));
  const named = (ending: string, isInitial: boolean) =>
    all.filter((name) => name.endsWith(ending) && html.includes(name) === isInitial);
  return {
    title: "Dashboard: what a first visit loads",
    method: "kB (1,000 bytes), gzip, of the built page. The rest is fetched when it is needed.",
    columns: ["what", "kB"],
    rows: [
      ["JavaScript, first visit", kilobytes(named(".js", true))],
      ["style sheet, first visit", kilobytes(named(".css", true))],
      ["JavaScript of video pages, previews and dialogs", kilobytes(named(".js", false))],
    ],
  };
}

const twitchIdOf = (index: number) => String(FIRST_TWITCH_ID + index);

function clientOf({ deployment, token }: Backend): ConvexHttpClient {
  const client = new ConvexHttpClient(deployment.url);
  client.setAuth(token);
  return client;
}

async function record(client: ConvexHttpClient, updates: object[]): Promise<void> {
  const recordUpdates = anyApi["video"]!["recordUpdates"]! as never;
  await client.mutation(recordUpdates, { updates, createMissing: true } as never, {
    skipQueue: true,
  });
}

async function fill(backend: Backend): Promise<void> {
  for (let start = 0; start < VIDEOS; start += 100)
    await record(
      clientOf(backend),
      Array.from({ length: 100 }, (_, index) => ({
        ...{ twitchId: twitchIdOf(start + index), status: "Transcribing" },
      })),
    );
}

async function loadAll(page: Page): Promise<void> {
  const end = page.getByText(`All ${VIDEOS} videos.`);
  await page.getByRole("row").nth(5).waitFor();
  while (!(await end.isVisible())) {
    await page.mouse.wheel(0, 4_000);
    await page.waitForTimeout(50);
  }
  await page.evaluate("scrollTo(0, 0)");
}

type LongTasks = { count: number; longestMs: number; totalMs: number };

/** The tasks of over 50 ms of the page while something else goes on. As text: it runs in the page. */
async function watchLongTasks(page: Page, work: () => Promise<unknown>): Promise<LongTasks> {
  await page.evaluate(`
    window.longTasks = [];
    window.observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longTasks.push(duration);
    });
    observer.observe({ entryTypes: ["longtask"] });
  `);
  await work();
  const found = await page.evaluate<number[]>("observer.disconnect(), longTasks");
  return {
    count: found.length,
    longestMs: Math.round(Math.max(0, ...found)),
    totalMs: Math.round(found.reduce((sum, each) => sum + each, 0)),
  };
}

async function bearChanges(page: Page, backend: Backend): Promise<Section> {
  const idle = await watchLongTasks(page, () => page.waitForTimeout(WATCHED_SECONDS * 1_000));
  let perSecond = 0;
  const busy = await watchLongTasks(page, async () => {
    perSecond = await changeSteadily(backend);
  });
  const row = (what: string, { count, longestMs, totalMs }: LongTasks) => {
    return [what, count, longestMs, totalMs];
  };
  return {
    title: `Dashboard: ${VIDEOS} videos on the page`,
    method: `Tasks of over 50 ms in ${WATCHED_SECONDS} s, in Chromium without a screen, beside the deployment on the same machine. ${CHANGES_PER_SECOND} changes a second were asked for, each of another video's status.`,
    columns: ["what", "long tasks", "longest, ms", "in all, ms"],
    rows: [row("nothing changes", idle), row(`${perSecond} changes a second`, busy)],
  };
}

/** Returns how many changes a second were acknowledged. */
async function changeSteadily(backend: Backend): Promise<number> {
  const client = clientOf(backend);
  const pending: Promise<void>[] = [];
  const beganAt = performance.now();
  for (let change = 0; change < CHANGES_PER_SECOND * WATCHED_SECONDS; change += 1) {
    const isOdd = Math.floor(change / VIDEOS) % 2 === 0;
    const status = isOdd ? "Analyzing" : "Transcribing";
    pending.push(record(client, [{ twitchId: twitchIdOf(change % VIDEOS), status }]));
    const waitMs = beganAt + (change * 1_000) / CHANGES_PER_SECOND - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  await Promise.all(pending);
  return Math.round((pending.length * 1_000) / (performance.now() - beganAt));
}

async function seeChanges(page: Page, backend: Backend): Promise<Section> {
  const client = clientOf(backend);
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const message = `round ${round};`;
    // Asked before each frame is drawn: it is the frame that shows the text.
    const seen = page.waitForFunction(
      (text) => document.querySelector("main")?.textContent.includes(text) === true && Date.now(),
      message,
      { polling: "raf" },
    );
    await record(client, [{ twitchId: twitchIdOf(0), status: "Downloading" }]);
    const reportProgress = anyApi["video"]!["reportProgress"]! as never;
    const args = { twitchId: twitchIdOf(0), percent: round, message } as never;
    await client.mutation(reportProgress, args, { skipQueue: true });
    const acknowledgedAt = Date.now();
    samples.push(((await (await seen).jsonValue()) as number) - acknowledgedAt);
  }
  samples.sort((one, other) => one - other);
  const at = (share: number) => Math.round(samples[Math.floor(share * (ROUNDS - 1))] ?? NaN);
  return {
    title: "Dashboard: from the acknowledgement of a change to its pixels",
    method: `${ROUNDS} changes, one after the other, with ${VIDEOS} videos on the page, everything on one machine. The page hears of a change beside the caller: it can be first, hence below zero.`,
    columns: ["median, ms", "least", "most"],
    rows: [[at(0.5), at(0), at(1)]],
  };
}
