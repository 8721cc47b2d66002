import { describe, expect, test } from "vitest";

import {
  type AdoptionMapping,
  DEFAULT_ADOPTION_MAPPING,
  mapStatus,
  type OldVideo,
  planAdoption,
  renamedUrlsSchema,
} from "./adoption.ts";
import { checkInput } from "./checkInput.ts";
import { VIDEO_STATUSES } from "./statuses.ts";

const CHAT = "https://files.example/1/chat.csv";

function plan(document: OldVideo, mapping: AdoptionMapping = DEFAULT_ADOPTION_MAPPING) {
  return planAdoption({ _id: "x", _creationTime: 1, ...document }, mapping);
}

describe("an old document", () => {
  test("keeps its Twitch ID, title, status and the five URLs", () => {
    const video = { twitchId: "123", title: "Speedrun", status: "Completed", chatUrl: CHAT };
    expect(plan(video)).toEqual({ kind: "becomes", video, legacy: {} });
  });

  test("gets the status that the mapping names", () => {
    expect(plan({ twitchId: "123", status: "Processing audio" })).toMatchObject({
      video: { status: "Transcribing" },
    });
  });

  test("with a status that the mapping does not name is a problem", () => {
    expect(plan({ twitchId: "123", status: "banana" })).toEqual({
      kind: "problem",
      issues: [{ path: "status", message: '"banana" has no entry in the mapping' }],
    });
  });

  test("does not get a status from what every object inherits", () => {
    expect(mapStatus("constructor", DEFAULT_ADOPTION_MAPPING)).toBeNull();
  });

  test.each([["v123"], [" 123 "], ["https://www.twitch.tv/videos/123"], [123]])(
    "with the Twitch ID %j becomes video 123",
    (twitchId) => {
      expect(plan({ twitchId, status: "queued" })).toMatchObject({ video: { twitchId: "123" } });
    },
  );

  test.each([[undefined], [null], [""], ["soon"], [1.5], [-3]])(
    "with the Twitch ID %j is a problem",
    (twitchId) => {
      const found = plan({ twitchId, status: "queued" });
      expect(found).toMatchObject({ kind: "problem", issues: [{ path: "twitchId" }] });
    },
  );

  test("has its URLs renamed from their newer names", () => {
    const found = plan({ twitchId: "1", status: "completed", chat_url: CHAT, waveform_url: CHAT });
    expect(found).toMatchObject({ video: { chatUrl: CHAT, audiowaveUrl: CHAT }, legacy: {} });
  });

  test("keeps as undocumented what disagrees with one of the five names", () => {
    const other = `${CHAT}.gz`;
    expect(plan({ twitchId: "1", status: "queued", chatUrl: CHAT, chat_url: other })).toMatchObject(
      {
        video: { chatUrl: CHAT },
        legacy: { chat_url: other },
      },
    );
  });

  test("keeps fields that nobody documented, empty ones too", () => {
    const found = plan({
      twitchId: "1",
      status: "queued",
      team: "t-9",
      owner: null,
      parts: [1, 2],
    });
    expect(found).toMatchObject({ legacy: { team: "t-9", owner: null, parts: [1, 2] } });
  });

  test("keeps a URL and a title that cannot be taken as undocumented", () => {
    const bad = { chatUrl: "ftp://files.example/chat", title: "x".repeat(301) };
    const found = plan({ twitchId: "1", status: "queued", ...bad });
    expect(found).toEqual({
      kind: "becomes",
      video: { twitchId: "1", status: "Queued" },
      legacy: bad,
    });
  });

  test("loses nothing but empty URLs and titles", () => {
    const found = plan({ twitchId: "1", status: "queued", chatUrl: null, title: "", chat_url: "" });
    expect(found).toMatchObject({ legacy: {} });
  });
});

describe("the URLs of an update", () => {
  const rename = (urls: unknown) => checkInput(renamedUrlsSchema(DEFAULT_ADOPTION_MAPPING), urls);

  test("get the five names", () => {
    const newer = Object.keys(DEFAULT_ADOPTION_MAPPING.urls).map((name) => [name, CHAT]);
    const five = Object.values(DEFAULT_ADOPTION_MAPPING.urls).map((name) => [name, CHAT]);
    expect(rename(Object.fromEntries(newer))).toEqual({
      ok: true,
      value: Object.fromEntries(five) as object,
    });
  });

  test.each([
    [undefined],
    [null],
    ["chat_url"],
    [1],
    [{}],
    [{ video_url: CHAT }],
    [{ chatUrl: 1 }],
  ])("that are %j stay so, for the check of what they hold", (urls) =>
    expect(rename(urls)).toEqual({ ok: true, value: urls }),
  );

  test("keep a name that every object inherits, and change nothing by it", () => {
    const urls = JSON.parse('{"__proto__": {"chatUrl": "x"}, "constructor": "y"}') as object;
    const renamed = rename(urls);
    expect(JSON.stringify(renamed)).toBe(JSON.stringify({ ok: true, value: urls }));
  });

  test("may say the same URL under both names of a field, but not two", () => {
    expect(rename({ chat_url: CHAT, chatUrl: CHAT })).toEqual({
      ok: true,
      value: { chatUrl: CHAT },
    });
    const refused = rename({ chat_url: CHAT, chatUrl: `${CHAT}.gz` });
    expect(refused).toMatchObject({ ok: false, issues: [{ path: "chatUrl" }] });
    expect(JSON.stringify(refused)).toContain("is not the same URL as chat_url");
    expect(JSON.stringify(refused)).not.toContain(CHAT);
  });
});

test("a document that this backend wrote fits as it is", () => {
  const document = { statusReported: true, statusChangedAt: 1, changedAt: 1 };
  expect(plan({ twitchId: "1", status: "Queued", ...document })).toEqual({ kind: "fits" });
});

test("every status of the default mapping is one of the eight", () => {
  for (const status of Object.values(DEFAULT_ADOPTION_MAPPING.statuses))
    expect(VIDEO_STATUSES).toContain(status);
});
