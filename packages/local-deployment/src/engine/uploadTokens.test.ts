import { expect, it } from "vitest";

import { UploadTokens } from "./uploadTokens.ts";

const HOUR_MS = 60 * 60 * 1000;

it("an upload token is good for an hour, for its component, and of one deployment only", () => {
  let now = 0;
  const tokens = new UploadTokens("secret", () => now);
  const token = tokens.issue("waitlist/emails");
  expect(tokens.check(token)).toBe("waitlist/emails");
  expect(() => new UploadTokens("other").check(token)).toThrow("not one of this deployment");
  now = HOUR_MS - 1;
  expect(tokens.check(token)).toBe("waitlist/emails");
  now = HOUR_MS;
  expect(() => tokens.check(token)).toThrow("older than an hour");
});

it("no two upload tokens are the same", () => {
  const tokens = new UploadTokens("secret", () => 0);
  expect(tokens.issue("")).not.toBe(tokens.issue(""));
});
