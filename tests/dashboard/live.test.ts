/** The dashboard as people use it: the built page in Chromium, on a local deployment with this backend. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ConvexManager } from "@klipstream/client";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isChromiumMissing, setUpBrowser } from "./browserTest.ts";
import { startFileHost } from "./fileHost.ts";
import { runPipeline, VODS } from "./pipelineRun.ts";

const TIMEOUT_MS = 120_000;
const VIDEO = "2434635255";

const badge = (page: Page, status: string) =>
  page.locator("h1 ~ div").getByText(status, { exact: true });

/** What is in the files is drawn only once one scrolls near it. */
async function scrollToFiles(page: Page): Promise<void> {
  const heading = page.getByRole("heading", { name: "Output files" });
  await heading.evaluate((element) => element.scrollIntoView());
}

describe.skipIf(isChromiumMissing)("the live dashboard", { timeout: TIMEOUT_MS }, () => {
  const it = setUpBrowser();
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klipstream-dashboard-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const report = (twitchId: string, status: string, meta: Record<string, unknown> = {}) =>
    it.stage.mutate("video:updateStatusByTwitchId", { twitchId, status, ...meta });

  async function createVideo(twitchId: string, title = `Video of ${twitchId}`): Promise<void> {
    await it.stage.mutate("video:create", { twitchId, title });
  }

  test("an update made through ConvexManager is on screen without a reload", async () => {
    await createVideo(VIDEO);
    const page = await it.openSignedIn(`/videos/${VIDEO}`);
    await badge(page, "Queued").waitFor();
    await page.evaluate(() => Object.assign(window, { isSamePage: true }));
    const manager = new ConvexManager({
      ...{ url: it.stage.deployment.url, apiKey: await it.stage.key() },
      ...{ outboxPath: join(folder, "outbox.db"), logLevel: "silent" },
    });
    await manager.updateVideoStatus(VIDEO, "Transcribing");
    await manager.updateVideoUrls(VIDEO, { chatUrl: "https://files.example/chat.csv" });
    await badge(page, "Transcribing").waitFor();
    await page.getByText("1 of 5").waitFor();
    await page.getByRole("link", { name: "Open Chat" }).waitFor();
    await manager.close({ timeoutMs: 5_000 });
    expect(await page.evaluate(() => "isSamePage" in window)).toBe(true);
  });

  test("a run of the real pipeline ends with its output files, drawn and searchable", async () => {
    const files = await startFileHost(folder);
    const twitchId = VODS["speedrun-final-boss"];
    await createVideo(twitchId, "Speedrun");
    const page = await it.openSignedIn("/");
    const row = page.getByRole("row", { name: "Speedrun" });
    await row.getByText("Queued").waitFor();
    await runPipeline(it.stage, {
      vod: "speedrun-final-boss",
      artifactFolder: folder,
      artifactUrl: files.url,
    });
    await row.getByText("Completed").waitFor();
    await row.getByText("5/5").waitFor();
    await row.getByRole("link").click();
    await scrollToFiles(page);
    await page.getByRole("img", { name: /^Waveform of the audio with [1-9]/ }).waitFor();
    await page.getByRole("img", { name: /^Chat messages a second: at most [1-9]/ }).waitFor();
    await page.getByRole("button", { name: /score/ }).first().click();
    expect(await page.getByRole("slider").inputValue()).not.toBe("0");
    await page.getByRole("tab", { name: "Chat" }).click();
    await page.getByRole("searchbox").fill("zzzz");
    await page.getByText(/^0 of [1-9]\d* lines$/).waitFor();
    expect(page.url()).toContain("preview=chat");
    await files.close();
  });

  test("a filter is a click, stands in the address, and is there again after a reload", async () => {
    await createVideo("81", "Fails");
    await report("81", "Failed", { reason: "no speech found" });
    await createVideo("82", "Waits");
    const page = await it.openSignedIn("/");
    await page
      .getByRole("navigation", { name: "Filter by status" })
      .getByRole("link", { name: /^Failed/ })
      .click();
    expect(page.url()).toMatch(/#\/\?status=Failed$/);
    await page.reload();
    await page.getByRole("heading", { name: "Videos: Failed" }).waitFor();
    await page.getByRole("row", { name: "Fails" }).waitFor();
    expect(await page.getByRole("row", { name: "Waits" }).count()).toBe(0);
    await page.getByRole("link", { name: /^Stalled/ }).click();
    await page.getByText("No video is in this state").waitFor();
    expect(page.url()).toMatch(/#\/\?stalled=true$/);
  });

  test("scrolling goes through 500 videos, of which few are drawn at a time", async () => {
    for (let start = 0; start < 500; start += 100)
      await it.stage.mutate("video:recordUpdates", {
        createMissing: true,
        updates: Array.from({ length: 100 }, (_, index) => ({
          ...{ twitchId: String(500_000 + start + index), status: "Analyzing" },
        })),
      });
    const page = await it.openSignedIn("/?status=Analyzing");
    const end = page.getByText("All 500 videos.");
    await page.getByRole("row", { name: "500499" }).waitFor();
    while (!(await end.isVisible())) {
      await page.mouse.wheel(0, 4_000);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.getByRole("row", { name: "500000" }).waitFor();
    expect(await page.getByRole("row").count()).toBeLessThan(60);
  });

  test("a video is found by its address on Twitch, and by a deep link", async () => {
    await createVideo("83", "Found");
    const page = await it.openSignedIn("/");
    await page
      .getByRole("search")
      .getByRole("textbox")
      .fill("https://www.twitch.tv/videos/83?t=5s");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Found" }).waitFor();
    await it.stage.mutate("video:updateUrls", {
      twitchId: "83",
      urls: { chatUrl: "gs://bucket/chat.csv" },
    });
    const deep = await it.openSignedIn("/videos/83?preview=chat");
    await scrollToFiles(deep);
    expect(await deep.getByRole("tab", { name: "Chat" }).getAttribute("aria-selected")).toBe(
      "true",
    );
    await deep.getByText("A browser cannot fetch from this store.").waitFor();
  });

  test("a rollback through the page needs a reason, and shows in the data itself", async () => {
    await createVideo("84");
    await report("84", "Downloading");
    await report("84", "Transcribing");
    const page = await it.openSignedIn("/videos/84");
    await page.getByRole("button", { name: "Roll back" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Roll back" }).click();
    await dialog.getByRole("textbox", { name: "Reason" }).fill("the disk was full");
    await dialog.getByRole("button", { name: "Roll back" }).click();
    await dialog.waitFor({ state: "detached" });
    await badge(page, "Downloading").waitFor();
    await page.getByRole("list", { name: "Events" }).getByText("the disk was full").waitFor();
    await page.getByRole("list", { name: "Events" }).getByText("Undone by a rollback.").waitFor();
  });

  test("a video can be created, marked failed and requeued through the page", async () => {
    const page = await it.openSignedIn("/");
    await page.getByRole("button", { name: "Create video" }).click();
    await page.getByRole("dialog").getByRole("textbox", { name: "Twitch ID" }).fill("v85");
    await page.getByRole("dialog").getByRole("button", { name: "Create video" }).click();
    await badge(page, "Queued").waitFor();
    await page.getByRole("button", { name: "Mark failed" }).click();
    await page.getByRole("dialog").getByRole("textbox").fill("nobody needs it");
    await page.getByRole("dialog").getByRole("button", { name: "Mark failed" }).click();
    await page.getByText("Failed in Queued").waitFor();
    await page.getByRole("button", { name: "Requeue" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Requeue" }).click();
    await badge(page, "Queued").waitFor();
  });

  test("offline the last known data stays, with its age; back online it is live again", async () => {
    it.allowNetworkErrors();
    await createVideo("86", "Outlives an outage");
    const page = await it.openSignedIn("/videos/86");
    await badge(page, "Queued").waitFor();
    await it.stage.deployment.disconnect();
    await page.getByText("Offline, reconnecting.").waitFor();
    await page
      .getByText(/^This is what was|just now|s ago/)
      .first()
      .waitFor();
    await page.getByRole("heading", { name: "Outlives an outage" }).waitFor();
    expect(await page.getByRole("button", { name: "Mark failed" }).isDisabled()).toBe(true);
    await it.stage.deployment.reconnect();
    await report("86", "Downloading");
    await badge(page, "Downloading").waitFor();
    await page.getByText("Offline, reconnecting.").waitFor({ state: "detached" });
    expect(await page.getByRole("button", { name: "Mark failed" }).isEnabled()).toBe(true);
  });

  test("a javascript: URL is no link, and markup in a long title is text", async () => {
    await createVideo("87");
    const title = `<img src=x onerror="window.isOwned=1"><script>window.isOwned=1</script>${"A".repeat(950)}`;
    await it.stage.mutateInternally("staging:overwrite", {
      twitchId: "87",
      fields: { title, chatUrl: "javascript:window.isOwned=1" },
    });
    const page = await it.openSignedIn("/videos/87?preview=chat");
    await page.getByRole("heading", { level: 1 }).getByText("<img src=x").waitFor();
    await page.getByText("not an allowed address").waitFor();
    await page.getByText("is not of an allowed kind").waitFor();
    expect(await page.locator("a[href^='javascript:']").count()).toBe(0);
    await page.goto(`${it.stage.pageUrl}#/`);
    await page.getByRole("row", { name: "<img src=x" }).waitFor();
    expect(await page.evaluate(() => "isOwned" in window)).toBe(false);
    const overflow = () =>
      document.documentElement.scrollWidth - document.documentElement.clientWidth;
    expect(await page.evaluate(overflow)).toBe(0);
  });
});
