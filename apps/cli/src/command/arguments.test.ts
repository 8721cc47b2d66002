import { describe, expect, test } from "vitest";

import {
  accountArgument,
  artifactUrlArgument,
  countArgument,
  durationArgument,
  issuerArgument,
  keyIdArgument,
  scopesArgument,
  statusArgument,
  twitchIdArgument,
} from "./arguments.ts";

describe("a Twitch ID", () => {
  test.each([
    "2434635255",
    "v2434635255",
    "https://www.twitch.tv/videos/2434635255",
    "twitch.tv/videos/2434635255?t=1h2m",
  ])("is read from %s", (text) => {
    expect(twitchIdArgument(text)).toBe("2434635255");
  });

  test.each(["", "banana", "https://youtube.com/watch?v=2434635255", "24346352551234567890123"])(
    "is not read from %j",
    (text) => {
      expect(() => twitchIdArgument(text)).toThrow(/Twitch ID/);
    },
  );
});

test("a status is spelt exactly, and a typing error gets a suggestion", () => {
  expect(statusArgument("Fetching chat")).toBe("Fetching chat");
  expect(() => statusArgument("transcribing")).toThrow('did you mean "Transcribing"?');
  expect(() => statusArgument("Analysing")).toThrow('did you mean "Analyzing"?');
  expect(() => statusArgument("banana")).toThrow(/"Queued".*"Failed"/);
  expect(() => statusArgument("banana")).not.toThrow(/did you mean/);
});

describe("an artifact URL argument", () => {
  test("adds to those before it", () => {
    const first = artifactUrlArgument("chatUrl=https://a.example/chat.csv?x=1=2", undefined);
    const both = artifactUrlArgument("audiowaveUrl=gs://bucket/wave.json", first);
    expect(both).toEqual({
      chatUrl: "https://a.example/chat.csv?x=1=2",
      audiowaveUrl: "gs://bucket/wave.json",
    });
  });

  test.each([
    ["https://a.example/chat.csv", /key=url/],
    ["chaturl=https://a.example", /did you mean "chatUrl"\?/],
    ["chatUrl=javascript:alert(1)", /must be a full URL/],
    ["chatUrl=https://user:secret@a.example", /user name or password/],
  ])("refuses %s", (text, why) => {
    expect(() => artifactUrlArgument(text, undefined)).toThrow(why);
  });
});

test("a length of time has a unit", () => {
  expect(["90s", "15m", "15min", "2h", "30d"].map((text) => durationArgument(text))).toEqual([
    90_000, 900_000, 900_000, 7_200_000, 2_592_000_000,
  ]);
  for (const text of ["", "90", "h", "-1h", "0s", "1w"])
    expect(() => durationArgument(text)).toThrow(/length of time/);
});

test("a count stays within its bounds", () => {
  expect(countArgument(100)("100")).toBe(100);
  for (const text of ["0", "101", "1.5", "x", ""]) expect(() => countArgument(100)(text)).toThrow();
});

test("scopes are known ones, in any order and with any separator", () => {
  expect(scopesArgument("videos:write, videos:read")).toEqual(["videos:read", "videos:write"]);
  expect(() => scopesArgument("video:write")).toThrow('did you mean "videos:write"?');
  expect(() => scopesArgument(" ")).toThrow();
});

test("an issuer is an https URL, a service account a plain name", () => {
  expect(issuerArgument("https://klipstream.example/")).toBe("https://klipstream.example");
  expect(() => issuerArgument("klipstream")).toThrow();
  expect(accountArgument("raw-pipeline")).toBe("raw-pipeline");
  for (const name of ["raw pipeline\n", "raw_pipeline", "Raw", "", "anonymous"])
    expect(() => accountArgument(name), name).toThrow();
});

test("a key is named by its id, and never by itself", () => {
  expect(keyIdArgument("0123456789ab")).toBe("0123456789ab");
  expect(() => keyIdArgument("klip_raw_secret")).toThrow(/never the key itself/);
});
