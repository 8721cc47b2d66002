import type { Page } from "playwright-core";

/** Scrolls until the page has read all videos, then back. */
export async function readAllVideos(page: Page, count: number): Promise<void> {
  const end = page.getByText(`All ${count} videos.`);
  await page.getByRole("row").nth(5).waitFor();
  while (!(await end.isVisible())) {
    await page.mouse.wheel(0, 4000);
    await page.waitForTimeout(50);
  }
  await page.evaluate("scrollTo(0, 0)");
}

export type LongTasks = { count: number; longestMs: number; totalMs: number };

/** The tasks of over 50 ms of the page while something else goes on. As text: it runs in the page. */
export async function watchLongTasks(page: Page, work: () => Promise<unknown>): Promise<LongTasks> {
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
    longestMs: Math.max(0, ...found),
    totalMs: found.reduce((sum, each) => sum + each, 0),
  };
}

/** Resolves to the wall clock's time, in ms since 1970, of the first frame that shows a text. */
export async function seeText(page: Page, text: string): Promise<number> {
  // Asked before each frame is drawn: it is the frame that shows the text.
  const seen = await page.waitForFunction(
    (wanted) => document.querySelector("main")?.textContent.includes(wanted) === true && Date.now(),
    text,
    { polling: "raf" },
  );
  return (await seen.jsonValue()) as number;
}
