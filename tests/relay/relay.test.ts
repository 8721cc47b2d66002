/** `klipstream relay` as a process, against a deployment that comes and goes. */
import { VIDEO_STATUSES } from "@klipstream/contract";
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { type Answer, call, type Relay, type RelayStage, startRelayStage } from "./stage.ts";

let stage: RelayStage;
let relay: Relay;

beforeAll(async () => {
  stage = await startRelayStage();
  relay = await stage.startRelay(["--wait", "1s"]);
}, 180_000);
afterAll(() => stage.close());
const mutate = (path: string, args: unknown, headers = {}): Promise<Answer> =>
  call(relay.url, { kind: "mutation", path: `video:${path}`, args, headers });
const read = (twitchId: string): Promise<Answer> =>
  call(relay.url, { kind: "query", path: "video:getByTwitchIdPublic", args: { twitchId } });
const setStatus = (twitchId: string, status: string, headers = {}): Promise<Answer> =>
  mutate("updateStatusByTwitchId", { twitchId, status }, headers);
const statuses = async (twitchId: string) =>
  (await stage.history(twitchId)).flatMap(({ to }) => to ?? []);
const metrics = async () => (await fetch(`${relay.url}/metrics`)).text();

/** Until the outbox is empty. */
const delivered = () =>
  expect
    .poll(metrics, { timeout: 40_000, interval: 200 })
    .toMatch(/^klipstream_outbox_pending 0$/m);

describe("while the backend is there", () => {
  it("an update is answered with the backend's own answer", async () => {
    const { twitchId, videoId } = await stage.createVideo();
    const answer = await setStatus(twitchId, "Downloading");
    expect(answer).toMatchObject({
      httpStatus: 200,
      status: "success",
      value: { success: true, videoId, twitchId, status: "Downloading", outcome: "applied" },
    });
  });

  it("a read is the backend's own, without a date", async () => {
    const { twitchId, videoId } = await stage.createVideo();
    const answer = await read(twitchId);
    expect(answer.value).toMatchObject({ _id: videoId, status: "Queued" });
    expect(answer.headers.has("x-klipstream-as-of")).toBe(false);
  });

  it("a video that the backend does not have reads as null", async () => {
    expect(await read("1")).toMatchObject({ status: "success", value: null });
  });

  it("an update of a video that does not exist is the backend's refusal", async () => {
    const answer = await setStatus("1", "Downloading");
    expect(answer).toMatchObject({ status: "error", errorData: { code: "VIDEO_NOT_FOUND" } });
  });

  it("recordUpdates gives one result or refusal for each update, in order", async () => {
    const { twitchId } = await stage.createVideo();
    const updates = [
      { twitchId, updateId: "batch-1", occurredAt: Date.now(), status: "Downloading" },
      { twitchId: "x", updateId: "batch-2", occurredAt: Date.now(), status: "Downloading" },
      { twitchId, updateId: "batch-3", occurredAt: Date.now(), status: "Transcribing" },
    ];
    const { value } = await mutate("recordUpdates", { updates });
    expect(value).toMatchObject([
      { success: true, status: "Downloading" },
      { success: false, code: "INVALID_ARGUMENT" },
      { success: true, status: "Transcribing" },
    ]);
    expect(await statuses(twitchId)).toEqual(["Queued", "Downloading", "Transcribing"]);
  });

  it("a rollback restores the status before", async () => {
    const { twitchId } = await stage.createVideo();
    await setStatus(twitchId, "Downloading");
    await setStatus(twitchId, "Transcribing");
    const { value } = await mutate("rollbackStatus", { twitchId });
    expect(value).toMatchObject({ from: "Transcribing", to: "Downloading" });
  });

  it("progress reaches the backend", async () => {
    const { twitchId, videoId } = await stage.createVideo();
    await setStatus(twitchId, "Downloading");
    const answer = await mutate("reportProgress", { twitchId, percent: 40 });
    expect(answer).toMatchObject({ status: "success", value: null });
    const progress = async () =>
      (await stage.ask("query", "video:progressOf", { videoIds: [videoId] })).value;
    await expect.poll(progress, { timeout: 5000 }).toMatchObject([{ percent: 40 }]);
  });

  it("an Idempotency-Key makes a repeated call one update", async () => {
    const { twitchId } = await stage.createVideo();
    for (let turn = 0; turn < 2; turn++)
      await setStatus(twitchId, "Downloading", { "idempotency-key": "once-1" });
    const events = await stage.history(twitchId);
    expect(events.filter(({ updateId }) => updateId === "once-1")).toHaveLength(1);
  });

  it("an Idempotency-Key counts also for an _id that the relay has never seen", async () => {
    const { twitchId, videoId } = await stage.createVideo();
    const update = { id: videoId, status: "Downloading" };
    const key = { "idempotency-key": "once-2" };
    for (const outcome of ["applied", "duplicate"])
      expect(await mutate("updateStatus", update, key)).toMatchObject({ value: { outcome } });
    const events = await stage.history(twitchId);
    expect(events.filter(({ updateId }) => updateId === "once-2")).toHaveLength(1);
  });

  it("an old status is understood also for an _id that the relay has never seen", async () => {
    const { twitchId, videoId } = await stage.createVideo();
    const answer = await mutate("updateStatus", { id: videoId, status: "Processing audio" });
    expect(answer).toMatchObject({ value: { status: "Transcribing" } });
    expect(await statuses(twitchId)).toEqual(["Queued", "Transcribing"]);
  });

  it("the calls by address, /api/run and GET /api/query, work too", async () => {
    const { twitchId } = await stage.createVideo();
    const response = await fetch(`${relay.url}/api/run/video/updateStatusByTwitchId`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ args: { twitchId, status: "Downloading" }, format: "json" }),
    });
    expect(await response.json()).toMatchObject({ value: { outcome: "applied" } });
    const search = new URLSearchParams({
      path: "video:getByTwitchIdPublic",
      args: JSON.stringify({ twitchId }),
      format: "json",
    });
    const video = await fetch(`${relay.url}/api/query?${search.toString()}`);
    expect(await video.json()).toMatchObject({ value: { status: "Downloading" } });
  });
});

describe.each(["refuses connections", "never answers"])("while the backend %s", (how) => {
  let isAway = false;
  const away = async () => {
    isAway = true;
    if (how === "never answers") stage.deployment.faults.set([{ hang: true }]);
    else await stage.deployment.disconnect();
  };
  const back = async () => {
    if (!isAway) return;
    isAway = false;
    stage.deployment.faults.clear();
    // Ends the requests that hang.
    if (how === "never answers") await stage.deployment.disconnect();
    await stage.deployment.reconnect();
    await delivered();
  };
  afterEach(back);

  it("updates are queued, also by an _id that was seen, and arrive once and in order", async () => {
    const { twitchId, videoId } = await stage.createVideo();
    await read(twitchId);
    await away();
    const queued = { httpStatus: 200, status: "success", value: { outcome: "queued" } };
    expect(await setStatus(twitchId, "Downloading")).toMatchObject(queued);
    expect(await mutate("updateStatus", { id: videoId, status: "Fetching chat" })).toMatchObject({
      ...queued,
      value: { outcome: "queued", videoId, twitchId, status: "Fetching chat" },
    });
    expect(await setStatus(twitchId, "Transcribing")).toMatchObject(queued);
    await back();
    const order = ["Queued", "Downloading", "Fetching chat", "Transcribing"];
    expect(await statuses(twitchId)).toEqual(order);
  });

  it("an _id that was never seen is 503, with the reason", async () => {
    const { videoId } = await stage.createVideo();
    await away();
    const answer = await mutate("updateStatus", { id: videoId, status: "Downloading" });
    expect(answer).toMatchObject({ httpStatus: 503, code: "BackendUnavailable" });
  });

  it("an _id is known once an update went by it", async () => {
    const { twitchId, videoId } = await stage.createVideo();
    await mutate("updateStatus", { id: videoId, status: "Downloading" });
    await away();
    const answer = await mutate("updateStatus", { id: videoId, status: "Transcribing" });
    expect(answer).toMatchObject({ status: "success", value: { outcome: "queued", twitchId } });
    await back();
    expect(await statuses(twitchId)).toEqual(["Queued", "Downloading", "Transcribing"]);
  });

  it("a caller reads what it wrote, with the time of what is known", async () => {
    const { twitchId } = await stage.createVideo();
    await read(twitchId);
    await away();
    await setStatus(twitchId, "Downloading");
    await mutate("updateUrls", { twitchId, urls: { chatUrl: "https://files.example/chat" } });
    const answer = await read(twitchId);
    expect(answer.value).toMatchObject({
      status: "Downloading",
      chatUrl: "https://files.example/chat",
    });
    expect(answer.headers.get("x-klipstream-as-of")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it("a video that was never seen is 503, and never a false null", async () => {
    const { twitchId } = await stage.createVideo();
    await away();
    expect(await read(twitchId)).toMatchObject({ httpStatus: 503, code: "BackendUnavailable" });
  });

  it("bad input is refused at once, with the eight statuses", async () => {
    const { twitchId } = await stage.createVideo();
    await away();
    const answer = await setStatus(twitchId, "Donwloading");
    expect(answer).toMatchObject({ status: "error", errorData: { code: "INVALID_ARGUMENT" } });
    for (const status of VIDEO_STATUSES) expect(answer.errorData?.message).toContain(status);
  });

  it("a video that was created through the relay is known by its _id", async () => {
    const twitchId = how === "never answers" ? "651" : "650";
    const { value } = await mutate("create", { twitchId });
    const { videoId } = value as { videoId: string };
    await away();
    const answer = await mutate("updateStatus", { id: videoId, status: "Downloading" });
    expect(answer).toMatchObject({ status: "success", value: { outcome: "queued", twitchId } });
    await back();
    expect(await statuses(twitchId)).toEqual(["Queued", "Downloading"]);
  });

  it("the metrics' books balance", async () => {
    const { twitchId } = await stage.createVideo();
    await away();
    await setStatus(twitchId, "Downloading");
    const text = await metrics();
    const count = (name: string) =>
      Number(new RegExp(`^klipstream_outbox_${name} (\\d+)$`, "m").exec(text)?.[1]);
    expect(count("pending")).toBeGreaterThan(0);
    expect(count("accepted")).toBe(
      count("acknowledged") + count("pending") + count("dead_letters"),
    );
  });
});

describe("Convex's own clients", () => {
  it("ConvexHttpClient works through it, and is passed on for what the relay does not answer", async () => {
    const { twitchId } = await stage.createVideo();
    const client = new ConvexHttpClient(relay.url);
    const { updateStatusByTwitchId, getByTwitchIdPublic, list } = anyApi["video"]!;
    const result: unknown = await client.mutation(updateStatusByTwitchId!, {
      twitchId,
      status: "Downloading",
    });
    expect(result).toMatchObject({ success: true, outcome: "applied" });
    expect(await client.query(getByTwitchIdPublic!, { twitchId })).toMatchObject({ twitchId });
    const page: unknown = await client.query(list!, {
      paginationOpts: { numItems: 1, cursor: null },
    });
    expect(page).toMatchObject({ page: [{}] });
  });

  it("ConvexClient sees changes through its WebSocket", async () => {
    const { twitchId } = await stage.createVideo();
    const client = new ConvexClient(relay.url);
    const seen: string[] = [];
    client.onUpdate(anyApi["video"]!["getByTwitchIdPublic"]!, { twitchId }, (video) => {
      seen.push((video as { status: string }).status);
    });
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["Queued"]);
    await setStatus(twitchId, "Downloading");
    await expect.poll(() => seen, { timeout: 10_000 }).toEqual(["Queued", "Downloading"]);
    await client.close();
  });

  it("a caller's own credentials are passed on, not the relay's", async () => {
    const headers = { authorization: "Bearer not-a-token" };
    const paginationOpts = { numItems: 1, cursor: null };
    const list = { kind: "query" as const, path: "video:list", args: { paginationOpts } };
    expect((await call(relay.url, { ...list, headers })).httpStatus).toBe(401);
    expect((await call(relay.url, list)).status).toBe("success");
  });
});
