import fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  ARTIFACT_URL_FIELDS,
  ARTIFACT_URL_MAX_LENGTH,
  ARTIFACT_URL_SCHEMES,
  artifactUrlSchema,
  artifactUrlsSchema,
  checkInput,
} from "./index.ts";

const accepts = (url: string) => artifactUrlSchema.safeParse(url).success;

describe("artifactUrlSchema", () => {
  test.each([
    "https://storage.example/vod/chat.json?sig=a%20b#top",
    "http://127.0.0.1:9000/chat.json",
    "gs://bucket/path/chat.json",
    "s3://bucket/path/chat.json",
    "HTTPS://storage.example/x",
  ])("takes %s", (url) => {
    expect(accepts(url)).toBe(true);
  });

  test.each([
    ["", "must be a full URL"],
    ["chat.json", "must be a full URL"],
    ["//storage.example/x", "must be a full URL"],
    ["https:/storage.example/x", "must be a full URL"],
    ["ftp://storage.example/x", "must be a full URL"],
    ["file:///etc/passwd", "must be a full URL"],
    ["javascript:alert(1)", "must be a full URL"],
    ["data:text/html,x", "must be a full URL"],
    ["https://", "must be a full URL"],
    ["gs:///x", "must name a host or bucket"],
    ["https://host/a b", "must not contain spaces"],
    ["https://host/a\tb", "must not contain spaces"],
    [" https://host/", "must not contain spaces"],
    ["https://host/\u0000", "must not contain spaces"],
    ["https://me@host/x", "user name or password"],
    ["https://me:secret@host/x", "user name or password"],
    ["s3://key:secret@bucket/x", "user name or password"],
  ])("refuses %j: %s", (url, message) => {
    const checked = checkInput(artifactUrlSchema, url);
    expect(checked.ok ? "" : checked.issues[0]?.message).toContain(message);
  });

  test("takes at most 2,048 characters", () => {
    const url = "https://host/".padEnd(ARTIFACT_URL_MAX_LENGTH, "x");
    expect(accepts(url)).toBe(true);
    expect(accepts(`${url}x`)).toBe(false);
  });

  test("what it takes has one of the schemes, a host and no credentials, whatever the text", () => {
    const text = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc
        .tuple(fc.constantFrom("https", "gs", "s3", "http", "ftp", "ws"), fc.string())
        .map(([scheme, rest]) => `${scheme}://${rest}`),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        if (!accepts(candidate)) return;
        const url = new URL(candidate);
        expect(ARTIFACT_URL_SCHEMES).toContain(url.protocol.slice(0, -1));
        expect(url.host).not.toBe("");
        expect(url.username + url.password).toBe("");
      }),
      { numRuns: 300 },
    );
  });

  test("a refusal never repeats the URL", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{12,20}$/), (secret) => {
        const checked = checkInput(artifactUrlSchema, `https://me:${secret}@host/x`);
        expect(JSON.stringify(checked)).not.toContain(secret);
      }),
    );
  });
});

describe("artifactUrlsSchema", () => {
  test.each(ARTIFACT_URL_FIELDS)("takes %s alone", (field) => {
    expect(artifactUrlsSchema.safeParse({ [field]: "gs://b/x" }).success).toBe(true);
  });

  test("refuses no URL at all, and a field that it does not know", () => {
    expect(artifactUrlsSchema.safeParse({}).success).toBe(false);
    expect(artifactUrlsSchema.safeParse({ chatUrl: undefined }).success).toBe(false);
    expect(
      artifactUrlsSchema.safeParse({ chatUrl: "gs://b/x", videoUrl: "gs://b/x" }).success,
    ).toBe(false);
  });
});
