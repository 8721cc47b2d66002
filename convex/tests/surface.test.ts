import { mutationGeneric, queryGeneric } from "convex/server";
import { v } from "convex/values";
import { describe, expect, test } from "vitest";

import { modules } from "./testing.setup";

/** The functions of the contract: other callers use these names over plain HTTP. */
const PUBLIC_FUNCTIONS = [
  "accessTokens:exchange",
  "accessTokens:exchangeIdentity",
  "video:create",
  "video:get",
  "video:getByTwitchIdPublic",
  "video:history",
  "video:list",
  "video:progressOf",
  "video:recordUpdates",
  "video:removeScratch",
  "video:reportProgress",
  "video:rollbackStatus",
  "video:statusCounts",
  "video:updateStatus",
  "video:updateStatusByTwitchId",
  "video:updateUrls",
];

type Registered = {
  isPublic?: boolean;
  isInternal?: boolean;
  isHttp?: boolean;
  exportArgs?: () => string;
  exportReturns?: () => string;
};

const isRegistered = (value: unknown): value is Registered =>
  typeof value === "function" &&
  ("isPublic" in value || "isInternal" in value || "isHttp" in value);

const isObject = (json: string | undefined) =>
  json !== undefined && (JSON.parse(json) as { type?: string } | null)?.type === "object";

/** Every function that a module exports, and what is wrong with it. */
function walk(path: string, exported: Record<string, unknown>) {
  const module = path.replace(/^\.\.\//, "").replace(/\.(ts|js)$/, "");
  const functions = Object.entries(exported).flatMap(([name, value]) =>
    isRegistered(value) ? [{ name: `${module}:${name}`, value }] : [],
  );
  const problems = functions.flatMap(({ name, value }) => [
    ...(isObject(value.exportArgs?.()) ? [] : [`${name} has no argument validators`]),
    ...((value.exportReturns?.() ?? "null") === "null" ? [`${name} has no return validator`] : []),
    ...(value.isPublic === true && !PUBLIC_FUNCTIONS.includes(name)
      ? [`${name} is public, but not in the contract`]
      : []),
    ...(value.isHttp === true ? [`${name} is an HTTP action, which the contract has none of`] : []),
  ]);
  return {
    names: functions.filter(({ value }) => value.isPublic).map(({ name }) => name),
    problems,
  };
}

async function walkAll() {
  const own = Object.entries(modules).filter(([path]) => !path.includes("_generated"));
  return await Promise.all(own.map(async ([path, load]) => walk(path, await load())));
}

describe("the functions", () => {
  test("all have argument and return validators, and none is public beside the contract's", async () => {
    expect((await walkAll()).flatMap(({ problems }) => problems)).toEqual([]);
  });

  test("of the contract are all there", async () => {
    expect((await walkAll()).flatMap(({ names }) => names).sort()).toEqual(PUBLIC_FUNCTIONS);
  });
});

describe("the walk itself", () => {
  const handler = () => null;
  const args = {};
  const returns = v.null();

  test.each([
    ["no argument validators", queryGeneric({ returns, handler })],
    ["no return validator", mutationGeneric({ args, handler })],
    ["is public", queryGeneric({ args, returns, handler })],
  ])("finds a function with a fault: %s", (problem, stray) => {
    expect(walk("../stray.ts", { stray }).problems.join()).toContain(`stray:stray`);
    expect(walk("../stray.ts", { stray }).problems.join()).toContain(problem);
  });

  test("finds nothing wrong with a function as it should be", () => {
    const create = mutationGeneric({ args, returns, handler });
    expect(walk("../video.ts", { create, constant: 1 }).problems).toEqual([]);
  });
});
