import { afterAll, beforeAll, expect, it } from "vitest";

import { PackageRegistry } from "./packageRegistry.ts";
import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";

const GREETER = {
  name: "greeter",
  version: "1.2.3",
  index: `const { basename } = require("node:path");
exports.greet = (name) => "hello " + name + " from " + basename(__filename);`,
};

/** A package that is in the project as it is in the registry. */
const installed = (name: string, version: string, index: string): ProjectFiles => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version }),
  [`node_modules/${name}/index.js`]: index,
});

const PROJECT: ProjectFiles = {
  "package.json": JSON.stringify({
    name: "project",
    type: "module",
    dependencies: { convex: "*", greeter: "^1.0.0", bundled: "^1.0.0", nowhere: "^1.0.0" },
  }),
  "convex.json": '{ "node": { "externalPackages": ["greeter"] } }',
  ...installed(GREETER.name, GREETER.version, GREETER.index),
  ...installed("bundled", "1.0.0", `exports.join = require("node:path").join;`),
  "convex/greetings.ts": `"use node";
import { greet } from "greeter";
import { join } from "bundled";
import { action } from "./_generated/server";
import { v } from "convex/values";
const required = require("greeter");
export const hello = action({
  args: { name: v.string() },
  handler: (_ctx, { name }) => [greet(name), required.greet(join(name, "x")), process.env.PUNCTUATION ?? null],
});`,
};

let registry: PackageRegistry;
let run: ProjectRun;
beforeAll(async () => {
  registry = await PackageRegistry.serve([GREETER]);
  process.env["npm_config_registry"] = registry.url;
  run = await ProjectRun.deployed(PROJECT);
});
afterAll(async () => {
  delete process.env["npm_config_registry"];
  await run[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

const hello = async () =>
  (await run.post("/api/action", { path: "greetings:hello", args: { name: "you" } })).body;
const GREETING = ["hello you from index.js", "hello you/x from index.js"];

it("installs external packages, and Node modules import and require them", async () => {
  expect(await hello()).toEqual({ status: "success", value: [...GREETING, null] });
});

it("keeps them when a variable changes", async () => {
  await run.convex("env", "set", "PUNCTUATION", "!");
  expect(await hello()).toEqual({ status: "success", value: [...GREETING, "!"] });
});

it("refuses a push whose packages npm cannot install, and what ran before keeps running", async () => {
  await run.project.write({
    "convex.json": '{ "node": { "externalPackages": ["greeter", "nowhere"] } }',
    ...installed("nowhere", "1.0.0", "exports.where = 1;"),
    "convex/lost.ts": `"use node";
import { where } from "nowhere";
import { action } from "./_generated/server";
export const find = action({ args: {}, handler: () => where });`,
  });
  const { exitCode, stderr } = await run.convex("deploy", "--typecheck", "disable");
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/npm could not install the external packages .*nowhere@1.0.0/);
  expect(await hello()).toMatchObject({ status: "success" });
});
