import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { contentSecurityPolicy, originsOf } from "./contentSecurityPolicy.ts";

test.each([
  ["https://happy-otter-123.convex.cloud", "wss://happy-otter-123.convex.cloud"],
  ["http://127.0.0.1:3210/", "ws://127.0.0.1:3210"],
])("the page of %s may open its socket %s", (url, socket) => {
  expect(originsOf(url)).toEqual([url.replace(/\/$/, ""), socket]);
});

test("nothing is allowed that is not named, and no inline script", () => {
  const policy = contentSecurityPolicy(["https://a.example"], "header");
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; /);
  expect(policy).toContain("connect-src 'self' https://a.example;");
  expect(policy).not.toContain("unsafe");
});

test("who may frame the page stands in the header alone, as a meta element cannot say it", () => {
  expect(contentSecurityPolicy([], "header")).toContain("frame-ancestors 'none'");
  expect(contentSecurityPolicy([], "meta")).not.toContain("frame-ancestors");
});

test("the header in the README is the one that is made here", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const connections = [
    ...originsOf("https://happy-otter-123.convex.cloud"),
    "https://files.example",
  ];
  expect(readme).toContain(
    `Content-Security-Policy: ${contentSecurityPolicy(connections, "header")}\n`,
  );
});
