import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ConfigurationError } from "../errors.ts";
import { ConvexManager } from "../manager/ConvexManager.ts";
import { requireUrl, resolveConfiguration } from "./configuration.ts";
import type { ManagerOptions } from "./options.ts";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "klipstream-config-"));
});
afterEach(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const file = (name: string, text: string) => writeFileSync(join(cwd, name), text);
const resolve = (options: ManagerOptions = {}, env: Record<string, string> = {}) =>
  resolveConfiguration(options, { env, cwd });

describe("a setting", () => {
  it("comes from the option, the environment, .env.local, .env, .env.yaml, in this order", () => {
    file(".env.yaml", "CONVEX_URL: https://yaml.example\n");
    expect(resolve().url).toMatchObject({ value: "https://yaml.example", source: ".env.yaml" });
    file(".env", "CONVEX_URL=https://env.example\n");
    expect(resolve().url).toMatchObject({ value: "https://env.example", source: ".env" });
    file(".env.local", "CONVEX_URL=https://local.example\n");
    expect(resolve().url).toMatchObject({ value: "https://local.example", source: ".env.local" });
    const env = { CONVEX_URL: "https://environment.example" };
    expect(resolve({}, env).url).toMatchObject({
      value: "https://environment.example",
      source: "environment",
      name: "CONVEX_URL",
    });
    expect(resolve({ url: "https://option.example/" }, env).url).toEqual({
      value: "https://option.example",
      source: "option",
      name: "url",
    });
  });

  it("that is empty counts as not set", () => {
    file(".env", "CONVEX_URL=https://env.example\n");
    expect(resolve({}, { CONVEX_URL: "" }).url.source).toBe(".env");
  });

  it("that nobody sets has its default", () => {
    const { testMode, logLevel, outboxPath, url } = resolve();
    expect(testMode).toMatchObject({ value: false, source: "default" });
    expect(logLevel).toMatchObject({ value: "info", source: "default" });
    expect(outboxPath.value).toMatch(/klipstream.*outbox\.db$/);
    expect(() => requireUrl({ ...resolve(), url })).toThrow(/^CONVEX_URL: is not set/);
  });

  it.each([
    ["1", true],
    ["true", true],
    ["0", false],
    ["off", false],
  ])("CONVEX_TEST_MODE=%s is %s", (text, value) => {
    expect(resolve({}, { CONVEX_TEST_MODE: text }).testMode.value).toBe(value);
  });
});

describe("a bad setting is refused by its name", () => {
  type Given = { options?: ManagerOptions; env?: Record<string, string> };
  it.each<[string, Given, string]>([
    ["a text that is no URL", { options: { url: "happy-animal" } }, "url"],
    ["plain http", { env: { CONVEX_URL: "http://pipeline.example" } }, "CONVEX_URL"],
    ["a password in the URL", { options: { url: "https://me:pw@x.example" } }, "url"],
    ["another protocol", { options: { url: "ftp://x.example" } }, "url"],
    ["a test mode of maybe", { env: { CONVEX_TEST_MODE: "maybe" } }, "CONVEX_TEST_MODE"],
    ["an unknown level", { env: { LOG_LEVEL: "loud" } }, "LOG_LEVEL"],
  ])("%s", (_name, { options, env }, option) => {
    expect(() => resolve(options, env)).toThrow(expect.objectContaining({ option }));
  });

  it("an unreadable file, without repeating what is in it", () => {
    file(".env.yaml", "CONVEX_API_KEY: [klip_raw_secret\n");
    expect(() => resolve()).toThrow(/^\.env\.yaml: cannot be read/);
    expect(() => resolve()).not.toThrow("secret");
  });

  it("plain http to this machine is not bad", () => {
    for (const url of ["http://127.0.0.1:3210", "http://localhost:1", "http://[::1]:1"])
      expect(resolve({ url }).url.value).toBe(url);
  });
});

describe("a bad option is refused at construction, by its name", () => {
  const good = { url: "https://x.example", outboxPath: "unused", testMode: true } as const;
  it.each<[Record<string, unknown>, string]>([
    [{ waitMs: -1 }, "waitMs"],
    [{ waitMs: "2000" }, "waitMs"],
    [{ waitMs: 0.5 }, "waitMs"],
    [{ attemptTimeoutMs: 5 }, "attemptTimeoutMs"],
    [{ retry: { baseDelayMs: 0 } }, "retry.baseDelayMs"],
    [{ retry: { baseDelayMs: 500, maxDelayMs: 10 } }, "retry.maxDelayMs"],
    [{ retry: { factor: 3 } }, "retry.factor"],
    [{ logger: {} }, "logger"],
    [{ logLevel: "loud" }, "logLevel"],
    [{ testMode: "yes" }, "testMode"],
    [{ outboxPath: "" }, "outboxPath"],
    [{ createMissing: 1 }, "createMissing"],
    [{ tokenSource: "token" }, "tokenSource"],
    [{ apiKey: "x", tokenSource: () => Promise.resolve(null) }, "tokenSource"],
    [{ timeout: 1 }, "timeout"],
  ])("%j", (options, option) => {
    const construct = () => new ConvexManager({ ...good, ...options });
    expect(construct).toThrow(ConfigurationError);
    expect(construct).toThrow(expect.objectContaining({ option }));
  });
});
