import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { NOTES_PROJECT } from "./notesProject.ts";
import { ProjectRun } from "./temporaryProject.ts";

let run: ProjectRun;
beforeAll(async () => {
  run = await ProjectRun.deployed(NOTES_PROJECT);
});
afterAll(() => run[Symbol.asyncDispose]());

const REQUEST_ID = /^\[Request ID: [0-9a-f]{16}\] Server Error\n/;

async function failure(path: string, body: unknown): Promise<string> {
  const answer = await run.post(path, body);
  expect(answer).toMatchObject({ status: 200, body: { status: "error" } });
  const { errorMessage } = answer.body as { errorMessage: string };
  expect(errorMessage).toMatch(REQUEST_ID);
  return errorMessage.replace(REQUEST_ID, "");
}

describe("a function over HTTP", () => {
  it("answers with its value and its log lines", async () => {
    const { status, body } = await run.post("/api/mutation", {
      path: "notes:add",
      args: { owner: "http", rank: 1 },
    });
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "success",
      value: expect.stringMatching(/^[0-9]+notes$/) as string,
      logLines: ["[LOG] 'adding for' 'http'"],
    });
  });

  it("takes its arguments as an object, as an array of one, or from the URL of a GET", async () => {
    const asArray = await run.post("/api/query", {
      path: "notes:ranks",
      args: [{ owner: "http" }],
    });
    expect(asArray.body).toEqual({ status: "success", value: [1] });
    const args = encodeURIComponent('{"owner":"http"}');
    const response = await fetch(`${run.url}/api/query?path=notes:ranks&args=${args}`);
    expect(await response.json()).toEqual({ status: "success", value: [1] });
  });

  it("is reached by any spelling of its path", async () => {
    for (const path of ["notes:ranks", "notes.js:ranks"]) {
      const { body } = await run.post("/api/query", { path, args: { owner: "http" } });
      expect(body).toEqual({ status: "success", value: [1] });
    }
    const viaRun = await run.post("/api/run/notes/ranks", { args: { owner: "http" } });
    expect(viaRun.body).toEqual({ status: "success", value: [1] });
  });

  it("writes special values plainly for json, and without loss for convex_encoded_json", async () => {
    const plain = await run.post("/api/query", { path: "notes:special", args: {}, format: "json" });
    expect(plain.body).toEqual({
      status: "success",
      value: { big: "5", bytes: "AQI=", inf: "Infinity" },
    });
    const format = "convex_encoded_json";
    const encoded = await run.post("/api/query", { path: "notes:special", args: {}, format });
    expect(encoded.body).toEqual({
      status: "success",
      value: {
        big: { $integer: "BQAAAAAAAAA=" },
        bytes: { $bytes: "AQI=" },
        inf: { $float: "AAAAAAAA8H8=" },
      },
    });
  });

  it("that throws changes nothing and says where", async () => {
    const message = await failure("/api/mutation", { path: "notes:addThenThrow", args: {} });
    expect(message).toMatch(
      /^Uncaught Error: on purpose\n {4}at handler \(\.\.\/convex\/notes\.ts:\d+:\d+\)\n$/,
    );
    const { body } = await run.post("/api/query", {
      path: "notes:ranks",
      args: { owner: "nobody" },
    });
    expect(body).toEqual({ status: "success", value: [] });
  });

  it("hands on the data of a ConvexError", async () => {
    const { body } = await run.post("/api/mutation", { path: "notes:refuse", args: {} });
    expect(body).toMatchObject({ status: "error", errorData: { code: "REFUSED", count: "3" } });
  });

  it("refuses arguments, results and documents that do not fit, records included", async () => {
    const add = (args: object) => failure("/api/mutation", { path: "notes:add", args });
    expect(await add({ owner: 5, rank: 1 })).toBe(
      "ArgumentValidationError: Value does not match validator.\nPath: .owner\nValue: 5.0\nValidator: v.string()",
    );
    expect(await add({ owner: "a" })).toContain("Object is missing the required field `rank`");
    expect(await add({ owner: "a", rank: 1, x: 1 })).toContain("Object contains extra field `x`");
    expect(await add({ owner: "a", rank: 1, tags: { a: "b" } })).toContain("Path: .tags.a");
    expect(await failure("/api/query", { path: "notes:wrongResult", args: {} })).toContain(
      "ReturnsValidationError: Value does not match validator.\nValue: 7.0",
    );
    expect(await failure("/api/mutation", { path: "notes:wrongDocument", args: {} })).toContain(
      'Failed to insert or update a document in table "notes"',
    );
  });

  it("is not found if it is internal, missing or of another type, and the answers do not tell which", async () => {
    const notFound = (name: string) =>
      `Could not find public function for '${name}'. Did you forget to run \`npx convex dev\`?`;
    expect(await failure("/api/mutation", { path: "notes:clear", args: {} })).toBe(
      notFound("notes:clear"),
    );
    expect(await failure("/api/mutation", { path: "notes:nope", args: {} })).toBe(
      notFound("notes:nope"),
    );
    expect(await failure("/api/query", { path: "_system/cli/tables", args: {} })).toBe(
      notFound("_system/cli/tables"),
    );
    expect(await failure("/api/query", { path: "notes:add", args: {} })).toBe(
      "Trying to execute notes.js:add as Query, but it is defined as Mutation.",
    );
    expect(await failure("/api/run/notes/nope", { args: {} })).toContain(
      "Did you forget to run `npx convex dev`?",
    );
  });
});

describe("a request that is refused before a function runs", () => {
  const cases: [string, () => Promise<{ status: number; body: unknown }>, number, string][] = [
    ["malformed JSON", () => run.post("/api/query", "{"), 400, "BadJsonBody"],
    ["no path", () => run.post("/api/query", { args: {} }), 400, "BadJsonBody"],
    [
      "a path of the wrong type",
      () => run.post("/api/query", { path: 5, args: {} }),
      400,
      "BadJsonBody",
    ],
    [
      "no content type",
      () => run.post("/api/query", "{}", { "content-type": "text/plain" }),
      400,
      "BadJsonBody",
    ],
    [
      "a body over 16 MiB",
      () => run.post("/api/query", { path: "notes:list", args: { owner: "x".repeat(17 << 20) } }),
      400,
      "BadJsonBody",
    ],
    [
      "an unknown format",
      () => run.post("/api/query", { path: "notes:list", args: {}, format: "xml" }),
      400,
      "BadFormat",
    ],
    [
      "a path that is none",
      () => run.post("/api/query", { path: "a b", args: {} }),
      400,
      "BadConvexFunctionIdentifier",
    ],
    [
      "two arguments",
      () => run.post("/api/query", { path: "notes:list", args: [{}, {}] }),
      400,
      "BadQueryArgs",
    ],
    [
      "one segment for /api/run",
      () => run.post("/api/run/notes", { args: {} }),
      400,
      "MissingIdentifier",
    ],
    [
      "/api/function without the admin key",
      () => run.post("/api/function", { path: "notes:clear", args: {} }),
      403,
      "BadDeployKey",
    ],
    [
      "a wrong admin key",
      () =>
        run.post(
          "/api/query",
          { path: "notes:who", args: {} },
          { authorization: "Convex other|key" },
        ),
      401,
      "BadAdminKey",
    ],
    [
      "another kind of credential",
      () =>
        run.post("/api/query", { path: "notes:who", args: {} }, { authorization: "Basic eDp5" }),
      400,
      "InvalidAdminKey",
    ],
    [
      "a token that is none",
      () =>
        run.post(
          "/api/query",
          { path: "notes:who", args: {} },
          { authorization: "Bearer nonsense" },
        ),
      401,
      "InvalidAuthHeader",
    ],
  ];
  it.each(cases)("%s", async (...[, ask, status, code]) => {
    expect(await ask()).toMatchObject({ status, body: { code } });
  });

  it("an unknown route is 404, with an empty body", async () => {
    expect(await run.post("/api/nothing", {})).toEqual({ status: 404, body: null });
  });
});

describe("the admin key", () => {
  it("opens internal functions, and lets its bearer act as a user", async () => {
    const { adminKey } = run.deployment;
    const authorization = `Convex ${adminKey}`;
    const cleared = await run.post(
      "/api/mutation",
      { path: "notes:clear", args: {} },
      { authorization },
    );
    expect(cleared.body).toMatchObject({ status: "success" });
    const identity = { subject: "s", issuer: "i", tokenIdentifier: "i|s" };
    const acting = `${authorization}:${Buffer.from(JSON.stringify(identity)).toString("base64")}`;
    const who = await run.post(
      "/api/query",
      { path: "notes:who", args: {} },
      { authorization: acting },
    );
    expect(who.body).toEqual({ status: "success", value: identity });
  });
});

describe("a browser on another origin", () => {
  it("may call, with what it asks for", async () => {
    const response = await fetch(`${run.url}/api/query`, {
      method: "OPTIONS",
      headers: {
        origin: "http://app.test",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,x-own",
      },
    });
    expect(response.headers.get("access-control-allow-origin")).toBe("http://app.test");
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
    expect(response.headers.get("access-control-allow-headers")).toContain("x-own");
  });
});
