/** Whether everybody can use the page: axe-core on each page in both themes, keyboard alone, a narrow screen. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import axe from "axe-core";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { isChromiumMissing, setUpBrowser } from "./browserTest.ts";
import { startFileHost } from "./fileHost.ts";
import { runPipeline } from "./pipelineRun.ts";
import { playAfternoon } from "./playAfternoon.ts";
import { COMPLETED, FAILED, RUNNING } from "./scenario.ts";

const TIMEOUT_MS = 120_000;
const THEMES = ["light", "dark"] as const;

/** Each page: where it is, and what shows that it has been drawn. */
const PAGES = [
  ["overview", { path: "/", shows: "Needs attention" }],
  ["an empty filter", { path: "/?status=Fetching+chat", shows: "No video is in this state" }],
  ["a running video", { path: `/videos/${RUNNING}`, shows: "Timeline" }],
  ["a failed video", { path: `/videos/${FAILED}`, shows: "Failed in Transcribing" }],
  [
    "a completed video",
    { path: `/videos/${COMPLETED}`, shows: "Output files", then: "Chat messages a second" },
  ],
  ["an unknown video", { path: "/videos/1", shows: "No video has the Twitch ID 1" }],
  ["a page that does not exist", { path: "/nowhere", shows: "There is no such page" }],
  ["the sign-in", { path: "/", shows: "Waiting for a video?", isPublic: true }],
  [
    "the public page of a video",
    { path: `/videos/${RUNNING}`, shows: "Output files", isPublic: true },
  ],
] as const satisfies [string, { path: string; shows: string; then?: string; isPublic?: boolean }][];

/** What axe finds that is serious or worse. */
async function findBarriers(page: Page): Promise<string[]> {
  // Not as a script element: the Content-Security-Policy would refuse that.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const found = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: tags,
    });
    return found.violations;
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ""}`),
    );
}

describe.skipIf(isChromiumMissing)("the dashboard's pages", { timeout: TIMEOUT_MS }, () => {
  const it = setUpBrowser();
  let folder: string;
  let files: Awaited<ReturnType<typeof startFileHost>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klipstream-artifacts-"));
    files = await startFileHost(folder);
    const artifacts = { artifactFolder: folder, artifactUrl: files.url };
    await playAfternoon(
      it.stage,
      await runPipeline(it.stage, { vod: "speedrun-final-boss", ...artifacts }),
    );
  }, TIMEOUT_MS);
  afterAll(async () => {
    await files.close();
    await rm(folder, { recursive: true, force: true });
  });

  describe.each(THEMES)("in the %s theme", (colorScheme) => {
    test.each(PAGES)("%s has no barrier that axe finds serious", async (_, shown) => {
      const options = { colorScheme, reducedMotion: "reduce" } as const;
      const page =
        "isPublic" in shown
          ? await it.open(`${it.stage.pageUrl}#${shown.path}`, options)
          : await it.openSignedIn(shown.path, options);
      await page.getByText(shown.shows).first().waitFor();
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      if ("then" in shown) await page.getByText(shown.then).waitFor();
      expect(await findBarriers(page)).toEqual([]);
    });

    test("nor has a dialog", async () => {
      const page = await it.openSignedIn(`/videos/${RUNNING}`, {
        colorScheme,
        reducedMotion: "reduce",
      });
      await page.getByRole("button", { name: "Mark failed" }).click();
      await page.getByRole("dialog").waitFor();
      expect(await findBarriers(page)).toEqual([]);
    });
  });

  test("a barrier would be found", async () => {
    const page = await it.openSignedIn("/");
    await page.evaluate(() => {
      const image = document.createElement("img");
      image.src = "./favicon.svg";
      document.querySelector("main")?.append(image);
    });
    expect((await findBarriers(page)).join()).toContain("image-alt");
  });

  test("with a keyboard alone one gets to a video, and rolls it back", async () => {
    const page = await it.openSignedIn("/?status=Analyzing");
    const focused = page.locator(":focus");
    const tabTo = async (name: RegExp) => {
      for (let presses = 0; presses < 40; presses += 1) {
        await page.keyboard.press("Tab");
        if (name.test((await focused.textContent()) ?? "")) return;
      }
      throw new Error(`40 presses of Tab do not lead to ${String(name)}`);
    };
    await page.getByRole("row", { name: "Lo-fi" }).waitFor();
    await tabTo(/^Skip to the content$/);
    await page.keyboard.press("Enter");
    await tabTo(/^Lo-fi/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    await tabTo(/^Roll back$/);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await tabTo(/^$/);
    await page.keyboard.type("from the keyboard");
    await tabTo(/^Roll back$/);
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByRole("list", { name: "Events" }).getByText("from the keyboard").waitFor();
  });

  test.each([320, 390])("nothing is cut off at %d pixels", async (width) => {
    const viewport = { width, height: 700 };
    for (const path of ["/", `/videos/${FAILED}`, `/videos/${RUNNING}`]) {
      const page = await it.openSignedIn(path, { viewport });
      await page.getByRole("heading").nth(2).waitFor();
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, path).toBe(0);
    }
  });

  test("runs under a policy without inline scripts or foreign code", async () => {
    const { headers } = await fetch(it.stage.pageUrl);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).not.toMatch(/unsafe| \*/);
    const page = await it.open(it.stage.pageUrl);
    expect(await page.locator("meta[http-equiv='Content-Security-Policy']").count()).toBe(1);
    const isRun = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.isInlineRun = true";
      document.head.append(script);
      return "isInlineRun" in window;
    });
    expect(isRun).toBe(false);
    it.allowPolicyErrors();
  });
});
