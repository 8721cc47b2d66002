/** Who gets to see what: signing in, being refused, and the public page of one video. */
import type { Page, Response } from "playwright-core";
import { describe, expect, test } from "vitest";

import { isChromiumMissing, setUpBrowser } from "./browserTest.ts";

const TIMEOUT_MS = 120_000;

describe.skipIf(isChromiumMissing)("signing in", { timeout: TIMEOUT_MS }, () => {
  const it = setUpBrowser();
  const tokenUrl = async (options: { lifetimeSeconds: number }) =>
    `${it.stage.pageUrl}#token=${await it.stage.token(options)}`;

  test("with an address removes the key from it, and lasts for the tab alone", async () => {
    const page = await it.open();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    expect(page.url()).toBe(`${it.stage.pageUrl}#/`);
    expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    expect(await page.evaluate(() => JSON.stringify(Object.entries(localStorage)))).not.toMatch(
      /klip_|eyJ/,
    );
    const other = await page.context().newPage();
    await other.goto(it.stage.pageUrl);
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  test("with a pasted key leads to the videos, by its account's name; another text is refused with what to do", async () => {
    const page = await it.open(it.stage.pageUrl);
    const field = page.getByLabel("Service key or token");
    await field.fill("hunter2");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("That is neither a key nor a token.").waitFor();
    await field.fill(` ${await it.stage.key()}\n`);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Videos", exact: true }).waitFor();
    await page.getByRole("banner").getByText("operator").waitFor();
  });

  test("with a key that was revoked is refused, and said to be", async () => {
    const key = await it.stage.key({ account: "former" });
    await it.stage.revoke(key);
    const page = await it.open(it.stage.pageUrl);
    await page.getByLabel("Service key or token").fill(key);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("has expired or was revoked").waitFor();
  });

  test("with a key that is revoked meanwhile is over at once, with the reason", async () => {
    const page = await it.open(await it.stage.signedInUrl({ account: "thief" }));
    await page.getByRole("banner").getByText("thief").waitFor();
    await page.getByRole("heading", { name: "Videos", exact: true }).waitFor();
    await it.stage.revoke(await it.stage.key({ account: "thief" }));
    await page.getByRole("alert").getByText("withdrawn").first().waitFor();
  });

  test("ends with an explanation when the token expires", async () => {
    const page = await it.open(await tokenUrl({ lifetimeSeconds: 8 }));
    await page.getByRole("heading", { name: "Videos", exact: true }).waitFor();
    await page.getByText("Your token has expired.").waitFor();
  });

  test("with a token that was expired already says so at once", async () => {
    const page = await it.open(await tokenUrl({ lifetimeSeconds: -60 }));
    await page.getByText("Your token has expired.").waitFor();
  });

  test("with a token of somebody else's issuer is refused, and said to be", async () => {
    const [header = "", claims = ""] = (await it.stage.token()).split(".");
    const page = await it.open(`${it.stage.pageUrl}#token=${header}.${claims}.${"A".repeat(86)}`);
    await page.getByText("The deployment did not accept this sign-in.").waitFor();
  });

  test("without the scope to read is refused with the scope that lacks", async () => {
    const page = await it.open(
      await it.stage.signedInUrl({ account: "writer", scopes: ["videos:write"] }),
    );
    await page.getByText('lacks the scope "videos:read"').waitFor();
  });

  test("without the scope to write offers no action", async () => {
    await it.stage.mutate("video:create", { twitchId: "91" });
    const page = await it.open(
      await it.stage.signedInUrl({ account: "viewer", scopes: ["videos:read"] }),
    );
    expect(await page.getByRole("button", { name: "Create video" }).count()).toBe(0);
    await page.getByRole("row", { name: "91" }).getByRole("link").click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    expect(await page.getByRole("button", { name: /Roll back|Requeue|Mark failed/ }).count()).toBe(
      0,
    );
  });

  test("a write that the backend refuses is explained where it was asked for", async () => {
    await it.stage.mutate("video:create", { twitchId: "92" });
    const page = await it.openSignedIn("/videos/92");
    await page.getByRole("button", { name: "Roll back" }).click();
    await page.getByRole("dialog").getByRole("textbox").fill("by mistake");
    await page.getByRole("dialog").getByRole("button", { name: "Roll back" }).click();
    await page.getByRole("alert").getByText("There is nothing left to roll back").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("an account that is disabled meanwhile is out at once, with the reason", async () => {
    const page = await it.open(await it.stage.signedInUrl({ account: "leaver" }));
    await page.getByRole("banner").getByText("leaver").waitFor();
    await page.getByRole("heading", { name: "Videos", exact: true }).waitFor();
    await it.stage.mutateInternally("serviceAccounts:setDisabled", {
      ...{ account: "leaver", disabled: true, by: "test" },
    });
    await page.getByText('The account "leaver" is disabled.').waitFor();
  });
});

describe.skipIf(isChromiumMissing)("where tokens live for 12 s", { timeout: TIMEOUT_MS }, () => {
  const it = setUpBrowser({ tokenLifetimeMs: 12_000 });

  type Exchanged = { expiresAt: number; lifetimeMs: number };
  async function nextExchange(page: Page, isWanted: (exchanged: Exchanged) => boolean) {
    const read = async (response: Response) =>
      ((await response.json()) as { value: Exchanged }).value;
    const response = await page.waitForResponse(
      async (each) => each.url().endsWith("/api/action") && isWanted(await read(each)),
    );
    return await read(response);
  }

  test("the page exchanges its key again, and goes on over the same socket", async () => {
    await it.stage.mutate("video:create", { twitchId: "96" });
    const page = await it.openSignedIn("/videos/96");
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
    let newSockets = 0;
    page.on("websocket", () => (newSockets += 1));
    const { expiresAt } = await nextExchange(page, () => true);
    await nextExchange(page, (next) => next.expiresAt - next.lifetimeMs > expiresAt);
    const status = { twitchId: "96", status: "Transcribing" };
    await it.stage.mutate("video:updateStatusByTwitchId", status);
    await page.locator("h1 ~ div").getByText("Transcribing", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Roll back" }).waitFor();
    expect(newSockets).toBe(0);
  });
});

describe.skipIf(isChromiumMissing)("without a sign-in", { timeout: TIMEOUT_MS }, () => {
  const it = setUpBrowser();

  test("one video can be followed, without who reported or why it failed", async () => {
    await it.stage.mutate("video:create", { twitchId: "93", title: "Waited for" });
    const page = await it.open(`${it.stage.pageUrl}#/videos/93`);
    await page.getByText("It waits for its turn.").waitFor();
    const status = { twitchId: "93", status: "Failed", reason: "a secret reason" };
    await it.stage.mutate("video:updateStatusByTwitchId", status, "secret-pipeline");
    await page.getByText("Something went wrong.").waitFor();
    expect(await page.locator("body").textContent()).not.toContain("secret");
  });

  test("a video is looked up by its address, and the sign-in leads back to it", async () => {
    await it.stage.mutate("video:create", { twitchId: "94", title: "Looked up" });
    const page = await it.open(it.stage.pageUrl);
    await page.getByRole("main").getByLabel("Find a video").fill("twitch.tv/videos/94");
    await page.getByRole("button", { name: "Look up" }).click();
    await page.getByRole("heading", { name: "Looked up" }).waitFor();
    await page.getByRole("main").getByRole("link", { name: "Sign in" }).click();
    await page.getByLabel("Service key or token").fill(await it.stage.key());
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Timeline" }).waitFor();
  });

  test("an unknown video appears by itself once it is reported", async () => {
    const page = await it.open(`${it.stage.pageUrl}#/videos/95`);
    await page.getByText("No video has the Twitch ID 95").waitFor();
    await it.stage.mutate("video:create", { twitchId: "95", title: "Just begun" });
    await page.getByRole("heading", { name: "Just begun" }).waitFor();
  });
});
