/** What every browser test needs: Chromium, the built page on a deployment, and a watch over the browser's console. */
import { findChromium, HOW_TO_INSTALL, launchChromium } from "@klipstream/bench/chromium";
import { buildPage, Stage } from "./stage.ts";
import { makeStagedProject } from "./stagedProject.ts";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

const chromium = findChromium();
const isRequired = process.env["CI"] !== undefined;

/** Whether the browser tests have to be left out. In CI they never are. */
export const isChromiumMissing = chromium === null && !isRequired;

if (isChromiumMissing)
  process.stderr.write(
    `The dashboard's browser tests are skipped: this machine has no Chromium. To install it: ${HOW_TO_INSTALL}\n`,
  );

export type BrowserTest = {
  stage: Stage;
  /** Opens an address of the page in a new context; without one, the page that signs in by itself. */
  open: (address?: string, options?: BrowserContextOptions) => Promise<Page>;
  /** Opens a path of the page, signed in. */
  openSignedIn: (path: string, options?: BrowserContextOptions) => Promise<Page>;
  /** In this test the browser itself complains of the network. */
  allowNetworkErrors: () => void;
  /** In this test something is tried that the Content-Security-Policy refuses. */
  allowPolicyErrors: () => void;
};

/**
 * Starts it all for the tests of one file; each test ends with a look at the console.
 *
 * @param options - What the backend differs in.
 */
export function setUpBrowser(options: Parameters<typeof makeStagedProject>[0] = {}): BrowserTest {
  const closers: (() => PromiseLike<void>)[] = [];
  const keep = <T extends AsyncDisposable>(resource: T): T => {
    closers.unshift(() => resource[Symbol.asyncDispose]());
    return resource;
  };
  const problems: string[] = [];
  let allowed: RegExp | null = null;
  let browser: Browser;
  const test: BrowserTest = {
    stage: undefined as unknown as Stage,
    allowNetworkErrors: () => (allowed = /^(WebSocket connection|Failed to load resource)/),
    allowPolicyErrors: () => (allowed = /violates the following Content Security Policy/),
    open: async (address, look = {}) => {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        ...look,
      });
      const page = await context.newPage();
      page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() === "error") problems.push(message.text());
      });
      await page.goto(address ?? (await test.stage.signedInUrl()));
      return page;
    },
    openSignedIn: async (path, look) => {
      const page = await test.open(undefined, look);
      await page.getByRole("button", { name: "Sign out" }).waitFor();
      await page.goto(`${test.stage.pageUrl}#${path}`);
      return page;
    },
  };
  beforeAll(async () => {
    if (chromium === null) throw new Error(`Chromium is not installed: ${HOW_TO_INSTALL}`);
    const page = keep(await buildPage());
    const project = keep(await makeStagedProject(options));
    test.stage = keep(await Stage.start({ page: page.folder, project: project.folder }));
    browser = await launchChromium(chromium);
    closers.unshift(() => browser.close());
  }, 180_000);
  afterEach(async () => {
    const found = problems.splice(0).filter((text) => allowed?.test(text) !== true);
    allowed = null;
    await Promise.all(browser.contexts().map((context) => context.close()));
    expect(found).toEqual([]);
  });
  afterAll(async () => {
    for (const close of closers) await close();
  });
  return test;
}
