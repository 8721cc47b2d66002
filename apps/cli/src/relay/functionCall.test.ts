import { RequestError } from "@klipstream/local-deployment/wire";
import { describe, expect, test } from "vitest";

import { CALL_MAX_BYTES, readCall, readQueryCall } from "./functionCall.ts";

const post = (body: string, headers: Record<string, string> = {}) =>
  new Request("http://127.0.0.1/api/mutation", { method: "POST", body, headers });
const call = (body: object) => readCall(post(JSON.stringify(body)), null);
const refused = async (reading: Promise<unknown>) => {
  const error: unknown = await reading.catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(RequestError);
  return error as RequestError;
};

describe("a call in a request's body", () => {
  test("is read with its arguments, as an object or in a list, and keeps the body", async () => {
    const args = { twitchId: "1", status: "Queued" };
    for (const form of [args, [args]]) {
      const body = JSON.stringify({ path: "video:updateStatus", args: form, format: "json" });
      expect(await readCall(post(body), null)).toEqual({
        path: "video:updateStatus",
        args,
        format: "json",
        body,
      });
    }
  });

  test.each(["video:list", "video.js:list"])(
    "that spells its function %s means the same one",
    async (path) => expect((await call({ path, args: {} })).path).toBe("video:list"),
  );

  test("that names no function's export means the default one", async () => {
    expect((await call({ path: "video", args: {} })).path).toBe("video:default");
  });

  test("has Convex's own values for its arguments", async () => {
    const { args } = await call({ path: "a:b", args: { n: { $integer: "BQAAAAAAAAA=" } } });
    expect(args).toEqual({ n: 5n });
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "[]"],
    ["no path", '{"args":{}}'],
    ["a path that is no text", '{"path":1,"args":{}}'],
    ["two lists of arguments", '{"path":"a:b","args":[{},{}]}'],
    ["arguments that are no object", '{"path":"a:b","args":[1]}'],
    ["a format that nobody knows", '{"path":"a:b","args":{},"format":"xml"}'],
  ])("with %s is refused as a bad request", async (_name, body) => {
    expect((await refused(readCall(post(body), null))).status).toBe(400);
  });

  test("that is longer than the backend takes is refused, whatever length it says", async () => {
    const body = " ".repeat(CALL_MAX_BYTES + 1);
    expect((await refused(readCall(post(body), null))).status).toBe(400);
  });
});

describe("a call by its address", () => {
  test("is the function that the address names, with or without folders", async () => {
    const args = { twitchId: "1" };
    const read = (path: string) => readCall(post(JSON.stringify({ args })), path);
    expect(await read("video/updateUrls")).toMatchObject({ path: "video:updateUrls", args });
    expect(await read("jobs/nightly/run")).toMatchObject({ path: "jobs/nightly:run" });
  });

  test.each(["video", "/video", ""])("%j names no function", async (path) => {
    const error = await refused(readCall(post('{"args":{}}'), path));
    expect(error).toMatchObject({ status: 400, code: "MissingIdentifier" });
  });
});

describe("a query in an address", () => {
  const read = (search: Record<string, string>) =>
    readQueryCall(new URL(`http://127.0.0.1/api/query?${new URLSearchParams(search).toString()}`));

  test("is read with its arguments and its format", () => {
    const args = JSON.stringify({ twitchId: "1" });
    expect(read({ path: "video:getByTwitchIdPublic", args, format: "json" })).toEqual({
      path: "video:getByTwitchIdPublic",
      args: { twitchId: "1" },
      format: "json",
      body: undefined,
    });
    expect(read({ path: "video:list" }).args).toEqual({});
  });

  test.each([
    ["without a path", {}],
    ["with arguments that are no JSON", { path: "a:b", args: "{" }],
    ["with a format that nobody knows", { path: "a:b", format: "xml" }],
  ])("%s is refused", (_name, search) => {
    expect(() => read(search)).toThrow(RequestError);
  });
});
