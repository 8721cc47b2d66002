import { describe, expect, test } from "vitest";

import { ConfigurationError, loadConfiguration, readConfiguration } from "./configuration.ts";

describe("config.json", () => {
  test("names the deployment", () => {
    const deploymentUrl = "https://happy-otter-123.convex.cloud";
    expect(readConfiguration(JSON.stringify({ deploymentUrl }))).toEqual({ deploymentUrl });
  });

  test.each([
    ["<!doctype html>", "is not JSON"],
    ["{}", "deploymentUrl"],
    ['{"deploymentUrl": "happy-otter-123"}', "deploymentUrl must be an address"],
    ['{"deploymentUrl": "javascript:alert(1)"}', "deploymentUrl must be an address"],
  ])("%s is refused with what is wrong", (text, why) => {
    expect(() => readConfiguration(text)).toThrow(ConfigurationError);
    expect(() => readConfiguration(text)).toThrow(why);
  });

  test("that is missing is said to be", async () => {
    const missing = () => Promise.resolve(new Response("", { status: 404 }));
    await expect(loadConfiguration(missing)).rejects.toThrow("config.json is missing");
  });
});
