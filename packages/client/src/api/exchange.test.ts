import { describe, expect, it } from "vitest";

import type { TokenSource } from "../auth/tokenSource.ts";
import { CredentialsRefusedError, type KlipstreamError, ServerError } from "../errors.ts";
import { VirtualClock } from "../testing/VirtualClock.ts";
import { ConvexApiClient } from "./ConvexApiClient.ts";
import { ANSWER_MAX_BYTES } from "./exchange.ts";

type Seen = { url: string; headers: Headers; init: RequestInit };

function setUp(
  answer: (seen: Seen) => Response | Promise<Response>,
  tokenSource: TokenSource = () => Promise.resolve("a.b.c"),
) {
  const seen: Seen[] = [];
  const clock = new VirtualClock();
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const request = { url, headers: new Headers(init.headers), init };
    seen.push(request);
    return answer(request);
  };
  const api = new ConvexApiClient(
    { url: "https://test.example/", logLevel: "silent", tokenSource },
    { clock, fetch, place: { env: {}, cwd: "/nonexistent" } },
  );
  return { api, seen, clock };
}

const success = (value: unknown) => new Response(JSON.stringify({ status: "success", value }));
const thrownBy = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: unknown) => error as KlipstreamError,
  );

describe("one call", () => {
  it("is one request with the token, a request id, and no redirects", async () => {
    const { api, seen } = setUp(() => success(null));
    await api.getVideoByTwitchId({ twitchId: "1" });
    expect(seen).toHaveLength(1);
    expect(seen[0]!.url).toBe("https://test.example/api/query");
    expect(seen[0]!.headers.get("authorization")).toBe("Bearer a.b.c");
    expect(seen[0]!.headers.get("convex-request-id")).toMatch(/^[0-9a-f]{16}$/);
    expect(seen[0]!.init.redirect).toBe("manual");
  });

  it("keeps the HTTP status and the backend's request id in its error", async () => {
    const headers = { "convex-request-id": "feedfacefeedface" };
    const { api } = setUp(
      () => new Response('{"code":"x","message":"no"}', { status: 401, headers }),
    );
    const error = await thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
    expect(error).toBeInstanceOf(CredentialsRefusedError);
    expect(error).toMatchObject({ httpStatus: 401, requestId: "feedfacefeedface" });
  });

  it("reads the request id out of a Server Error", async () => {
    const errorMessage = "[Request ID: 00c0ffee00c0ffee] Server Error";
    const { api } = setUp(() => new Response(JSON.stringify({ status: "error", errorMessage })));
    const error = await thrownBy(api.updateStatusByTwitchId({ twitchId: "1", status: "Queued" }));
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ httpStatus: 200, requestId: "00c0ffee00c0ffee" });
  });

  it("has a deadline over the body, too", async () => {
    const { api, clock } = setUp(
      () => new Response(new ReadableStream({ start: () => undefined })),
    );
    const call = thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
    await clock.advance(15_000);
    expect(await call).toMatchObject({ reason: "timeout" });
  });

  it("has a deadline over the token, too", async () => {
    const { api, clock, seen } = setUp(
      () => success(null),
      () => new Promise(() => undefined),
    );
    const call = thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
    await clock.advance(15_000);
    expect(await call).toMatchObject({ code: "TOKEN_UNAVAILABLE" });
    expect(seen).toEqual([]);
  });

  it("has one deadline for the token and the answer together", async () => {
    const { api, clock } = setUp(
      () => new Promise(() => undefined),
      () => new Promise((resolve) => void clock.after(14_000, () => resolve("a.b.c"))),
    );
    const call = thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
    await clock.advance(15_000);
    expect(await call).toMatchObject({ reason: "timeout" });
  });

  it("reads no endless answer to its end", async () => {
    let bytes = 0;
    let isCancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => {
        bytes += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
      cancel: () => void (isCancelled = true),
    });
    const { api } = setUp(() => new Response(endless));
    const error = await thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
    expect(error).toMatchObject({ reason: "body" });
    expect(bytes).toBeLessThan(ANSWER_MAX_BYTES + 1_000_000);
    expect(isCancelled).toBe(true);
  });

  it.each<[string, unknown]>([
    ["an HTML page", "<html>Log in</html>"],
    ["an empty text", ""],
    ["blanks", "  "],
    ["a JSON", '{"token":"a.b.c"}'],
    ["a line break in it", "a.b.c\n"],
    ["letters of another script", "жетон"],
    ["more than a header can hold", "a".repeat(10_000)],
    ["nothing", undefined],
    ["a number", 5],
    ["an object", { token: "a.b.c" }],
  ])("takes %s for no token, and sends nothing", async (_name, answer) => {
    const { api, seen } = setUp(() => success(null), (() =>
      Promise.resolve(answer)) as unknown as TokenSource);
    const error = await thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
    expect(error).toMatchObject({ code: "TOKEN_UNAVAILABLE" });
    expect(seen).toEqual([]);
  });

  it("takes a refusal of the header, also with 400, for refused credentials", async () => {
    const body = '{"code":"InvalidAuthHeader","message":"no bearer"}';
    const { api } = setUp(() => new Response(body, { status: 400 }));
    const error = await thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
    expect(error).toBeInstanceOf(CredentialsRefusedError);
  });

  it.each<[string, string]>([
    ["that is no JSON", "<html>"],
    ["that is null", "null"],
    ["without a value", '{"status":"success"}'],
    ["without a message", '{"status":"error"}'],
    ["with a value that Convex has not", '{"status":"success","value":{"$bytes":5}}'],
  ])("says of an answer %s that it is not the backend's", async (_name, body) => {
    const { api } = setUp(() => new Response(body));
    const error = await thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
    expect(error).toMatchObject({ code: "BACKEND_UNAVAILABLE", reason: "body" });
  });

  it("does not wait for one that hangs", async () => {
    const { api, clock } = setUp(({ init }) =>
      (init.body as string).includes("hangs") ? new Promise(() => undefined) : success(null),
    );
    const hanging = thrownBy(api.updateStatusByTwitchId({ twitchId: "hangs", status: "Queued" }));
    const update = { twitchId: "1", status: "Queued" } as const;
    expect(await api.updateStatusByTwitchId(update)).toBeNull();
    await clock.advance(15_000);
    expect(await hanging).toMatchObject({ code: "BACKEND_UNAVAILABLE" });
  });

  it("reads a Retry-After in seconds and as a date, clamped to 60 s", async () => {
    for (const [value, retryAfterMs] of [
      ["7", 7000],
      ["3600", 60_000],
      [new Date(1_700_000_000_000 + 5000).toUTCString(), 5000],
      ["soon", undefined],
    ] as const) {
      const headers = { "retry-after": value };
      const { api } = setUp(() => new Response("{}", { status: 503, headers }));
      const error = await thrownBy(api.getVideoByTwitchId({ twitchId: "1" }));
      expect(error).toMatchObject({ retryAfterMs });
    }
  });

  it("is typed by the backend: a wrong argument does not compile", () => {
    const { api } = setUp(() => success(null));
    const wrong = () => [
      // @ts-expect-error -- no such status
      api.updateStatusByTwitchId({ twitchId: "1", status: "banana" }),
      // @ts-expect-error -- no such field
      api.updateVideoUrls({ twitchId: "1", urls: { thumbnailUrl: "https://x.example" } }),
      // @ts-expect-error -- a Twitch ID is text
      api.getVideoByTwitchId({ twitchId: 1 }),
      // @ts-expect-error -- an `_id` is not any text
      api.updateVideoStatus({ id: "1", status: "Queued" }),
      // @ts-expect-error -- the status is missing
      api.updateStatusByTwitchId({ twitchId: "1" }),
    ];
    expect(wrong).toBeTypeOf("function");
  });
});
