import { describe, expect, test } from "vitest";

import { splitHash } from "./hashLocation.ts";
import {
  overviewHref,
  readOverviewSearch,
  readSignInSearch,
  readVideoSearch,
  signInHref,
  videoHref,
} from "./routes.ts";

const searchOf = (href: string) => splitHash(`#${href}`).search;

describe("an address", () => {
  test.each([
    {},
    { status: "Failed" },
    { stalled: true },
    { status: "Fetching chat", stalled: true },
  ] as const)("of the overview with %j is read as it was written", (search) => {
    expect(readOverviewSearch(searchOf(overviewHref(search)))).toEqual(search);
  });

  test("of a video names the preview", () => {
    expect(videoHref("123", { preview: "chat" })).toBe("/videos/123?preview=chat");
    expect(readVideoSearch("preview=chat")).toEqual({ preview: "chat" });
  });

  test("of the sign-in names the video to go back to, and nothing but a Twitch ID", () => {
    expect(readSignInSearch(searchOf(signInHref("123")))).toEqual({ video: "123" });
    expect(readSignInSearch("video=//evil.example")).toEqual({});
  });

  test.each(["status=banana", "stalled=perhaps", "%%%=&&"])(
    "with %j shows everything",
    (search) => {
      expect(readOverviewSearch(search)).toEqual({});
    },
  );

  test("is split into path and search", () => {
    expect(splitHash("#/videos/1?preview=chat")).toEqual({
      path: "/videos/1",
      search: "preview=chat",
    });
    expect(splitHash("")).toEqual({ path: "/", search: "" });
  });
});
