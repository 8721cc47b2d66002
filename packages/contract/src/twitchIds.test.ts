import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { isScratchTwitchId, parseTwitchId, twitchIdSchema } from "./index.ts";

const digits = fc
  .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 20 })
  .map((each) => each.join(""));

describe("parseTwitchId", () => {
  test("reads the digits of every way to write a Twitch ID", () => {
    const around = fc.constantFrom("", " ", "\t", "\n");
    const before = fc.constantFrom(
      "",
      "v",
      "V",
      "twitch.tv/videos/",
      "www.twitch.tv/videos/",
      "https://www.twitch.tv/videos/",
      "http://m.twitch.tv/videos/",
      "HTTPS://Twitch.TV/videos/v",
    );
    const after = fc.constantFrom("", "?t=1h2m3s", "/", "/?filter=all#top");
    fc.assert(
      fc.property(digits, fc.tuple(before, after), around, (id, [prefix, suffix], space) => {
        const text = `${space}${prefix}${id}${prefix.includes("/") ? suffix : ""}${space}`;
        expect(parseTwitchId(text)).toBe(id);
      }),
    );
  });

  test("gives a Twitch ID or null, and never throws, whatever the text", () => {
    const text = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.string().map((s) => `twitch.tv/videos/${s}`),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        const id = parseTwitchId(candidate);
        if (id === null) return;
        expect(twitchIdSchema.safeParse(id).success).toBe(true);
        expect(candidate).toContain(id);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    "",
    "v",
    "12a",
    "-12",
    "1".repeat(21),
    "https://example.com/videos/123",
    "https://nottwitch.tv/videos/123",
    "https://twitch.tv.example.com/videos/123",
    "ftp://twitch.tv/videos/123",
    "https://twitch.tv/streamer",
    "https://twitch.tv/videos/",
    "https://twitch.tv/videos/123/clip",
  ])("finds none in %j", (text) => {
    expect(parseTwitchId(text)).toBeNull();
  });

  test("takes an ID that was read before as it is", () => {
    fc.assert(
      fc.property(digits, (id) => {
        expect(parseTwitchId(parseTwitchId(id) ?? "")).toBe(id);
      }),
    );
  });
});

describe("twitchIdSchema", () => {
  test.each(["1", "2434635255", "007", "1".repeat(20)])("takes %s", (id) => {
    expect(twitchIdSchema.safeParse(id).success).toBe(true);
  });

  test.each(["", "v1", " 1", "1\n", "1.0", "١٢٣", "1".repeat(21)])("refuses %j", (id) => {
    expect(twitchIdSchema.safeParse(id).success).toBe(false);
  });

  test("a scratch ID is one with a leading zero", () => {
    expect(["0", "01", "10"].map(isScratchTwitchId)).toEqual([true, true, false]);
  });
});
