import { describe, expect, it } from "vitest";

import { CredentialsRefusedError, type KlipstreamError, ServerError } from "../errors.ts";
import { VirtualClock } from "../VirtualClock.ts";
import { ConvexApiClient } from "./ConvexApiClient.ts";

type Seen = { url: string; headers: Headers; init: RequestInit };

function setUp(answer: (seen: Seen) => Response | Promise<Response>, token = "a.b.c") {
  const seen: Seen[] = [];
  const clock = new VirtualClock();
  const fetch: typeof globalThis.fetch = async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const request = { url, headers: new Headers(init.headers), init };
    seen.push(request);
    return answer(request);
  };
  const api = new ConvexApiClient(
    {
      url: "https://test.example/",
      logLevel: "silent",
      tokenSource: () => Promise.resolve(token),
    },
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
