import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { ProjectRun, type ProjectFiles } from "./temporaryProject.ts";

const PROJECT: ProjectFiles = {
  "convex/inner.ts": `
import { action, mutation, query } from "./_generated/server";
import { ConvexError } from "convex/values";
class Refused extends ConvexError<{ reason: string; count: bigint }> {
  name = "Refused";
}
export const boom = query(() => { throw new Error("boom"); });
export const refuse = mutation(() => { throw new Refused({ reason: "closed", count: 3n }); });
export const refuseText = action(() => { throw new ConvexError("closed"); });
`,
  "convex/outer.ts": `
import { action, mutation, query } from "./_generated/server";
import { api } from "./_generated/api";
import { ConvexError } from "convex/values";
const describe = (error: any) => ({
  isConvexError: error instanceof ConvexError,
  name: error.name,
  message: error.message.replace(/:\\d+:\\d+/g, ""),
  data: error.data ?? null,
});
async function caught(call: () => Promise<unknown>) {
  try { await call(); } catch (error) { return describe(error); }
}
export const query_ = query((ctx) => caught(() => ctx.runQuery(api.inner.boom)));
export const mutation_ = mutation((ctx) => caught(() => ctx.runMutation(api.inner.refuse)));
export const action_ = action((ctx) => caught(() => ctx.runMutation(api.inner.refuse)));
export const actions_ = action((ctx) => caught(() => ctx.runAction(api.inner.refuseText)));
export const passes = action(async (ctx) => { await ctx.runMutation(api.inner.refuse); });
export const identity = action((ctx) => ctx.runQuery(api.outer.who));
export const who = query((ctx) => ctx.auth.getUserIdentity());
`,
  "convex/stacks.ts": `
import { query } from "./_generated/server";
function inner() { return new TypeError("for the stack").stack; }
export const stack = query(() => inner());
`,
  "convex/nodeStacks.ts": `
"use node";
import { action } from "./_generated/server";
function inner() { return new Error("for the stack").stack; }
export const stack = action(() => inner());
`,
  "convex/http.ts": `
import { httpRouter } from "convex/server";
import { ConvexError } from "convex/values";
import { httpAction } from "./_generated/server";
const http = httpRouter();
http.route({ path: "/fails", method: "GET", handler: httpAction(async () => { throw new Error("in http"); }) });
http.route({ path: "/refuses", method: "GET", handler: httpAction(async () => { throw new ConvexError({ left: 2 }); }) });
http.route({ path: "/who", method: "GET", handler: httpAction(async (ctx) => {
  try {
    return Response.json({ identity: await ctx.auth.getUserIdentity() });
  } catch (error) {
    return Response.json({ problem: (error as Error).message });
  }
}) });
export default http;
`,
};

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(PROJECT);
});
afterAll(() => run[Symbol.asyncDispose]());

async function value(kind: string, path: string): Promise<unknown> {
  const { body } = await run.post(`/api/${kind}`, {
    path,
    args: {},
    format: "convex_encoded_json",
  });
  expect(body).toMatchObject({ status: "success" });
  return (body as { value: unknown }).value;
}

const BOOM = "Uncaught Error: boom\n    at <anonymous> (../convex/inner.ts)\n";
const DATA = { reason: "closed", count: { $integer: "AwAAAAAAAAA=" } };
const REFUSED =
  'Uncaught Refused: {"reason":"closed","count":"3n"}\n    at <anonymous> (../convex/inner.ts)\n';
const CLOSED = "Uncaught ConvexError: closed\n    at <anonymous> (../convex/inner.ts)\n";

describe("an error that comes out of another function", () => {
  it.each([
    ["query", "outer:query_", { isConvexError: false, name: "Error", message: BOOM, data: null }],
    [
      "mutation",
      "outer:mutation_",
      { isConvexError: true, name: "ConvexError", message: REFUSED, data: DATA },
    ],
    [
      "action",
      "outer:action_",
      { isConvexError: true, name: "ConvexError", message: REFUSED, data: DATA },
    ],
    [
      "action",
      "outer:actions_",
      { isConvexError: true, name: "ConvexError", message: CLOSED, data: "closed" },
    ],
  ])(
    "is a new one for the %s that called it, with its text and its data",
    async (kind, path, expected) => {
      expect(await value(kind, path)).toEqual(expected);
    },
  );

  it("is told to the client with both functions' frames, and the data", async () => {
    const { body } = await run.post("/api/action", { path: "outer:passes", args: {} });
    const { errorMessage, errorData } = body as { errorMessage: string; errorData: unknown };
    expect(
      errorMessage
        .replace(/:\d+:\d+/g, "")
        .split("\n")
        .slice(1),
    ).toEqual([
      'Uncaught ConvexError: Uncaught Refused: {"reason":"closed","count":"3n"}',
      "    at <anonymous> (../convex/inner.ts)",
      "",
      "    at async <anonymous> (../convex/outer.ts)",
      "",
    ]);
    expect(errorData).toEqual({ reason: "closed", count: "3" });
  });
});

describe("the stack of an error, as a function sees it,", () => {
  it("names the source of the function, and no folder of this machine", async () => {
    const [header, first, second, ...rest] = String(await value("query", "stacks:stack")).split(
      "\n",
    );
    expect(header).toBe("TypeError: for the stack");
    expect(first).toMatch(/^ {4}at inner \(\.\.\/convex\/stacks\.ts:3:\d+\)$/);
    expect(second).toMatch(/^ {4}at <anonymous> \(\.\.\/convex\/stacks\.ts:4:\d+\)$/);
    expect(rest.join("\n")).not.toMatch(/\(\/|file:|convex-local/);
  });

  it("names the bundled file of a module with use node", async () => {
    const [header, first] = String(await value("action", "nodeStacks:stack")).split("\n");
    expect(header).toBe("Error: for the stack");
    expect(first).toMatch(/^ {4}at inner \(convex:\/user\/nodeStacks\.js:\d+:\d+\)$/);
  });
});

describe("an HTTP action that fails", () => {
  const answerOf = async (path: string) => {
    const response = await fetch(run.deployment.siteUrl + path);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it("answers 500 with what was thrown and its frames", async () => {
    const { status, body } = await answerOf("/fails");
    expect(status).toBe(500);
    expect(body["code"]).toMatch(
      /^\[Request ID: [0-9a-f]{16}\] Server Error: Uncaught Error: in http$/,
    );
    expect(body["trace"]).toMatch(
      /^Uncaught Error: in http\n {4}at <anonymous> \(\.\.\/convex\/http\.ts:/,
    );
    expect(body).not.toHaveProperty("data");
  });

  it("answers with the data of a ConvexError", async () => {
    const { body } = await answerOf("/refuses");
    expect(body["code"]).toContain('Server Error: Uncaught ConvexError: {"left":2}');
    expect(body["data"]).toEqual({ left: 2 });
  });
});

describe("an HTTP action's caller", () => {
  const who = async (authorization?: string) => {
    const headers = authorization === undefined ? undefined : { authorization };
    const response = await fetch(`${run.deployment.siteUrl}/who`, { headers: headers ?? {} });
    return await response.json();
  };

  it("is nobody without an Authorization header", async () => {
    expect(await who()).toEqual({ identity: null });
  });

  it.each(["Bearer not.for.us", "a"])(
    "is an error where the header %j is none of Convex's",
    async (header) => {
      expect(await who(header)).toEqual({ problem: expect.any(String) as string });
    },
  );

  it("is also known to the functions that an action calls", async () => {
    const identity = { subject: "s", issuer: "i", tokenIdentifier: "i|s" };
    const acting = Buffer.from(JSON.stringify(identity)).toString("base64");
    const { body } = await run.post(
      "/api/action",
      { path: "outer:identity", args: {} },
      { authorization: `Convex ${run.deployment.adminKey}:${acting}` },
    );
    expect(body).toEqual({ status: "success", value: identity });
  });
});
