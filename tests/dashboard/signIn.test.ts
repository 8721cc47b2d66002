/** Who gets to see what: signing in, being refused, and the public page of one video. */
import { describe, expect, test } from "vitest";

import { isChromiumMissing, setUpBrowser } from "./browserTest.ts";

const TIMEOUT_MS = 120_000;

describe.skipIf(isChromiumMissing)("signing in", { timeout: TIMEOUT_MS }, () => {
  const it = setUpBrowser();

  test("with an address removes the token from it, and lasts for the tab alone", async () => {
    const page = await it.open();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    expect(page.url()).toBe(`${it.stage.pageUrl}#/`);
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    expect(await page.evaluate(() => JSON.stringify(Object.entries(localStorage)))).not.toContain(
      "eyJ",
    );
    const other = await page.context().newPage();
    await other.goto(it.stage.pageUrl);
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  test("with a pasted token leads to the videos; another text is refused with what to do", async () => {
    const page = await it.open(it.stage.pageUrl);
    const field = page.getByLabel("Service key or token");
    await field.fill("hunter2");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("That is neither a key nor a token.").waitFor();
    await field.fill(await it.stage.token());
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Videos", exact: true }).waitFor();
  });

  test("ends with an explanation when the token expires", async () => {
    const page = await it.open(await it.stage.signedInUrl({ lifetimeSeconds: 8 }));
    await page.getByRole("heading", { name: "Videos", exact: true }).waitFor();
    await page.getByText("Your token has expired.").waitFor();
  });

  test("with a token that was expired already says so at once", async () => {
    const page = await it.open(await it.stage.signedInUrl({ lifetimeSeconds: -60 }));
    await page.getByText("Your token has expired.").waitFor();
  });

  test("with a token of somebody else's issuer is refused, and said to be", async () => {
    const [header = "", claims = ""] = (await it.stage.token()).split(".");
    const page = await it.open(`${it.stage.pageUrl}#token=${header}.${claims}.${"A".repeat(86)}`);
    await page.getByText("The deployment did not accept this sign-in.").waitFor();
  });

  test("without the scope to read is refused with the scope that lacks", async () => {
    const page = await it.open(await it.stage.signedInUrl({ scope: "videos:write" }));
    await page.getByText('lacks the scope "videos:read"').waitFor();
  });

  test("without the scope to write offers no action", async () => {
    await it.stage.mutate("video:create", { twitchId: "91" });
    const page = await it.open(await it.stage.signedInUrl({ scope: "videos:read" }));
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
    const page = await it.open(await it.stage.signedInUrl({ subject: "leaver" }));
    await page.getByRole("heading", { name: "Videos", exact: true }).waitFor();
    await it.stage.mutateInternally("serviceAccounts:setDisabled", {
      subject: "leaver",
      disabled: true,
    });
    await page.getByText('The account "leaver" is disabled.').waitFor();
  });
});

describe.skipIf(isChromiumMissing)("without a sign-in", { timeout: TIMEOUT_MS }, () => {
  const it = setUpBrowser();

  test("one video can be followed, without who reported or why it failed", async () => {
    await it.stage.mutate("video:create", { twitchId: "93", title: "Waited for" });
    const page = await it.open(`${it.stage.pageUrl}#/videos/93`);
    await page.getByText("It waits for its turn.").waitFor();
    const status = { twitchId: "93", status: "Failed", reason: "a secret reason" };
    await it.stage.mutate("video:updateStatusByTwitchId", status, { subject: "secret-pipeline" });
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
    await page.getByLabel("Service key or token").fill(await it.stage.token());
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
