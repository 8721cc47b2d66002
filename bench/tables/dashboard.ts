import { backend as functions } from "@klipstream/client";
import { servePage } from "@klipstream/dashboard/server";
import type { Browser, Page } from "playwright-core";

import { findChromium, HOW_TO_INSTALL, launchChromium } from "../chromium.ts";
import type { Experiment, Sample } from "../harness/experiment.ts";
import { median } from "../harness/spread.ts";
import { build } from "../stage/builtPackages.ts";
import { createVideos, directClient, twitchIdsFrom } from "../stage/videos.ts";
import { type LongTasks, readAllVideos, seeText, watchLongTasks } from "../stage/videosPage.ts";
import { type Backend, startBackend } from "../startBackend.ts";

const VIDEOS = 500;
const CHANGES_PER_SECOND = 50;
const WATCHED_MS = 1500;
const SEEN_CHANGES = 5;
const TWITCH_IDS = twitchIdsFrom(700_000, VIDEOS);
const ON_SCREEN = "until it is on screen, ms";

/** How the dashboard bears many changes, and how soon a change is on screen. */
export const dashboard: Experiment = {
  name: "dashboard",
  title: `Dashboard: ${VIDEOS} videos on the page`,
  method:
    `In Chromium without a screen, beside the deployment on the same machine. Tasks of over 50 ms in ${WATCHED_MS / 1000} s, without changes and with ` +
    `${CHANGES_PER_SECOND} asked for in a second, each of another video's status; and the time from the acknowledgement of one change to the frame that shows it, ` +
    `median of ${SEEN_CHANGES}. The page hears of a change beside the caller: it can be first, hence below zero.`,
  rowTitle: "what",
  columns: [
    { name: "changes a second" },
    { name: "long tasks" },
    { name: "longest, ms" },
    { name: "in all, ms" },
    { name: ON_SCREEN },
  ],
  chart: { column: "in all, ms" },
  controls: ["processor"],
  budgetMs: 45_000,
  missing: () => (findChromium() === null ? `There is no Chromium here: ${HOW_TO_INSTALL}.` : null),
  start: async () => {
    build("@klipstream/dashboard");
    const backend = await startBackend();
    await createVideos(backend, TWITCH_IDS);
    const served = await servePage({ deploymentUrl: backend.deployment.url });
    const browser = await launchChromium(findChromium()!);
    const page = await openPage(browser, `${served.url}#token=${backend.token}`);
    return {
      round: () => watch(page, backend),
      async close() {
        await browser.close();
        await served.close();
        await backend.deployment.close();
      },
    };
  },
};

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(url);
  await readAllVideos(page, VIDEOS);
  return page;
}

async function watch(page: Page, backend: Backend): Promise<Sample> {
  const idle = await watchLongTasks(page, () => page.waitForTimeout(WATCHED_MS));
  let perSecond = 0;
  const busy = await watchLongTasks(page, async () => {
    perSecond = await changeSteadily(backend);
  });
  return {
    "nothing changes": rowOf(idle, 0),
    "many changes": rowOf(busy, perSecond),
    "one change": { [ON_SCREEN]: await seeChanges(page, backend) },
  };
}

function rowOf({ count, longestMs, totalMs }: LongTasks, perSecond: number): Sample[string] {
  return {
    "changes a second": perSecond,
    "long tasks": count,
    "longest, ms": longestMs,
    "in all, ms": totalMs,
  };
}

let changes = 0;

/** Of the video that is changed next: each in turn. */
function nextTwitchId(): string {
  return TWITCH_IDS[changes++ % VIDEOS]!;
}

/** Returns how many changes a second were acknowledged. */
async function changeSteadily(backend: Backend): Promise<number> {
  const client = directClient(backend);
  const pending: Promise<unknown>[] = [];
  const beganAt = performance.now();
  for (let sent = 0; sent < (CHANGES_PER_SECOND * WATCHED_MS) / 1000; sent++) {
    const isOdd = Math.floor(changes / VIDEOS) % 2 === 1;
    const status = isOdd ? ("Analyzing" as const) : ("Transcribing" as const);
    const updates = [{ twitchId: nextTwitchId(), status }];
    pending.push(client.mutation(functions.video.recordUpdates, { updates }, { skipQueue: true }));
    const waitMs = beganAt + (sent * 1000) / CHANGES_PER_SECOND - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  await Promise.all(pending);
  return (pending.length * 1000) / (performance.now() - beganAt);
}

async function seeChanges(page: Page, backend: Backend): Promise<number> {
  const client = directClient(backend);
  const times: number[] = [];
  for (let count = 0; count < SEEN_CHANGES; count++) {
    // Another video each time: only one whose status is new to it moves to the top, where the page draws it.
    const twitchId = nextTwitchId();
    const message = `change ${changes};`;
    const seen = seeText(page, message);
    await client.mutation(functions.video.updateStatusByTwitchId, {
      twitchId,
      status: "Downloading",
    });
    const progress = { twitchId, percent: count, message };
    await client.mutation(functions.video.reportProgress, progress);
    const acknowledgedAt = Date.now();
    times.push((await seen) - acknowledgedAt);
  }
  return median(times);
}
