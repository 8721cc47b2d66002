import { describe, expect, test } from "vitest";

import { refuseAccess } from "./access.ts";

const refused = (headers: Record<string, string>, token: string | null = null) =>
  refuseAccess(new Headers(headers), token)?.httpStatus;

describe("without a required token", () => {
  test.each(["127.0.0.1:4210", "localhost:4210", "LOCALHOST", "[::1]:4210", "127.0.0.1"])(
    "a request to %s may pass",
    (host) => expect(refused({ host })).toBeUndefined(),
  );

  test.each([
    "evil.example:4210",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
    "",
  ])("a request to %j is refused: a web page may have made that name mean this machine", (host) =>
    expect(refused({ host })).toBe(403),
  );

  test.each(["https://evil.example", "null", "http://localhost:4210"])(
    "a web page of %s is refused",
    (origin) => expect(refused({ host: "localhost", origin })).toBe(403),
  );
});

test("an image on a web page is refused", () => {
  expect(refused({ host: "localhost", "sec-fetch-site": "cross-site" })).toBe(403);
});

describe("with a required token", () => {
  const token = "0123456789abcdef0123456789abcdef";

  test("only who sends it may pass, under whatever name", () => {
    expect(
      refused({ host: "relay:4210", authorization: `Bearer ${token}` }, token),
    ).toBeUndefined();
    expect(refused({ host: "localhost" }, token)).toBe(401);
    expect(refused({ host: "localhost", authorization: `Bearer ${token}0` }, token)).toBe(401);
    expect(refused({ host: "localhost", authorization: token }, token)).toBe(401);
  });

  test("a web page is refused all the same", () => {
    const headers = { authorization: `Bearer ${token}`, origin: "https://evil.example" };
    expect(refused(headers, token)).toBe(403);
  });
});
