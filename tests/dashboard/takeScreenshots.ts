/** Makes the pictures in docs/screenshots/: `npx pnpm@12 screenshots`. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { ArtifactUrls } from "@klipstream/contract";
import type { Browser, Page } from "playwright-core";

import { findChromium, HOW_TO_INSTALL, launchChromium } from "@klipstream/bench/chromium";
import { startFileHost } from "./fileHost.ts";
import { runPipeline } from "./pipelineRun.ts";
import { playAfternoon } from "./playAfternoon.ts";
import { COMPLETED, FAILED, RUNNING } from "./scenario.ts";
import { buildPage, PROJECT, Stage } from "./stage.ts";
import { makeStagedProject } from "./stagedProject.ts";

const FOLDER = join(PROJECT, "docs/screenshots");
const WIDTHS = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;
/** Longer pages are cut off here. */
const MAX_HEIGHT = 2600;
const THEMES = ["light", "dark"] as const;

type Shot = {
  name: string;
  path: string;
  isSignedIn?: boolean;
  /** What has to be on screen first. */
  shows: string;
  before?: (page: Page) => Promise<void>;
  after?: () => Promise<void>;
};

const SHOTS: readonly Shot[] = [
  { name: "overview", path: "/", shows: "Needs attention" },
  { name: "video-running", path: `/videos/${RUNNING}`, shows: "Timeline" },
  { name: "video-failed", path: `/videos/${FAILED}`, shows: "Failed in Transcribing" },
  {
    name: "video-completed",
    path: `/videos/${COMPLETED}`,
    shows: "Chat messages a second",
    before: moveToHighlight,
  },
  {
    name: "public-look-up",
    path: `/videos/${RUNNING}`,
    shows: "It is being worked on",
    isSignedIn: false,
  },
  { name: "sign-in", path: "/", shows: "Waiting for a video?", isSignedIn: false },
];

async function moveToHighlight(page: Page): Promise<void> {
  await page.getByRole("button", { name: /score/ }).first().click();
}

/** Runs a VOD through the real pipeline, for output files to show. */
async function makeArtifacts(page: string, folder: string, url: string): Promise<ArtifactUrls> {
  await using stage = await Stage.start({ page });
  return await runPipeline(stage, {
    vod: "cooking-souffle",
    artifactFolder: folder,
    artifactUrl: url,
  });
}

async function shoot(browser: Browser, stage: Stage, shot: Shot): Promise<void> {
  for (const [size, viewport] of Object.entries(WIDTHS))
    for (const colorScheme of THEMES) {
      const context = await browser.newContext({
        viewport,
        colorScheme,
        reducedMotion: "reduce",
        timezoneId: "America/New_York",
      });
      const page = await context.newPage();
      if (shot.isSignedIn !== false) {
        await page.goto(await stage.signedInUrl());
        await page.getByRole("button", { name: "Sign out" }).waitFor();
      }
      await page.goto(`${stage.pageUrl}#${shot.path}`);
      await page.getByRole("heading").first().waitFor();
      // As tall as its content: what is drawn only once it is in sight is drawn.
      for (let round = 0; round < 3; round += 1) {
        await page.waitForTimeout(400);
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({
          ...viewport,
          height: Math.max(viewport.height, Math.min(height, MAX_HEIGHT)),
        });
      }
      await page.getByText(shot.shows).first().waitFor();
      await shot.before?.(page);
      await page.mouse.move(0, 0);
      await page.waitForTimeout(400);
      await capture(page, join(FOLDER, `${shot.name}-${size}-${colorScheme}.webp`));
      await shot.after?.();
      await context.close();
    }
}

/** As WebP, which is a quarter of the size of PNG; Playwright itself offers only the latter. */
async function capture(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send("Page.captureScreenshot", { format: "webp", quality: 85 });
  await writeFile(path, Buffer.from(data, "base64"));
}

const chromium = findChromium();
if (chromium === null) throw new Error(`Chromium is not installed: ${HOW_TO_INSTALL}`);
await using page = await buildPage();
await mkdir(FOLDER, { recursive: true });
const artifactFolder = await mkdtemp(join(tmpdir(), "klipstream-artifacts-"));
const files = await startFileHost(artifactFolder);
const browser = await launchChromium(chromium);
try {
  const only = process.argv.slice(2);
  const wanted = (name: string) => only.length === 0 || only.includes(name);
  if (wanted("empty")) {
    await using empty = await Stage.start({ page: page.folder });
    await shoot(browser, empty, { name: "empty", path: "/", shows: "No videos yet" });
  }
  await using project = await makeStagedProject();
  await using stage = await Stage.start({
    ...{ page: page.folder, project: project.folder },
    artifactOrigins: [files.url],
  });
  await playAfternoon(stage, await makeArtifacts(page.folder, artifactFolder, files.url));
  for (const shot of SHOTS) if (wanted(shot.name)) await shoot(browser, stage, shot);
  if (wanted("offline"))
    await shoot(browser, stage, {
      ...{ name: "offline", path: "/", shows: "Needs attention" },
      before: async (page) => {
        await stage.deployment.disconnect();
        await page.getByText("Offline, reconnecting.").waitFor();
      },
      after: () => stage.deployment.reconnect(),
    });
} finally {
  await browser.close();
  await files.close();
  await rm(artifactFolder, { recursive: true });
}
