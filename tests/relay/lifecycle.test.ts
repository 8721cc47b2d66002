/** The relay's end, and who else works on its outbox. */
import { join } from "node:path";

import { ConvexManager } from "@klipstream/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { call, type Relay, type RelayStage, startRelayStage } from "./stage.ts";

let stage: RelayStage;

beforeAll(async () => {
  stage = await startRelayStage();
}, 180_000);
afterAll(() => stage.close());

const set = ({ url }: Relay, twitchId: string, status: string) =>
  call(url, {
    kind: "mutation",
    path: "video:updateStatusByTwitchId",
    args: { twitchId, status },
  });
const statuses = async (twitchId: string) =>
  (await stage.history(twitchId)).flatMap(({ to }) => to ?? []);

describe("SIGTERM", () => {
  it("lets the relay answer and deliver what it took, and exit 0", async () => {
    const relay = await stage.startRelay();
    const videos = await Promise.all(Array.from({ length: 20 }, () => stage.createVideo()));
    const calls = videos.map(({ twitchId }) =>
      set(relay, twitchId, "Downloading").then(
        ({ status }) => (status === "success" ? [twitchId] : []),
        // Cut off before it was taken: its caller knows.
        () => [],
      ),
    );
    await calls[0];
    const exitCode = relay.stop();
    const taken = (await Promise.all(calls)).flat();
    expect(await exitCode).toBe(0);
    expect(taken.length).toBeGreaterThan(0);
    for (const twitchId of taken)
      expect(await statuses(twitchId)).toEqual(["Queued", "Downloading"]);
  });

  it("while the backend is away leaves what it took in the outbox, for the next relay", async () => {
    const { twitchId } = await stage.createVideo();
    const relay = await stage.startRelay(["--wait", "1s"]);
    await stage.deployment.disconnect();
    for (const status of ["Downloading", "Transcribing"])
      expect(await set(relay, twitchId, status)).toMatchObject({ value: { outcome: "queued" } });
    expect(await relay.stop()).toBe(0);
    expect(relay.said()).toContain("2 updates are left in the outbox");
    await stage.deployment.reconnect();
    const next = await stage.startRelay();
    await expect
      .poll(() => statuses(twitchId), { timeout: 30_000 })
      .toEqual(["Queued", "Downloading", "Transcribing"]);
    expect(await next.stop()).toBe(0);
  });
});

describe("an outbox that has a relay", () => {
  it("is refused to a second relay until the first is gone, however it went", async () => {
    const first = await stage.startRelay();
    await expect(stage.startRelay()).rejects.toThrow(/another relay works on/);
    await first.stop("SIGKILL");
    const second = await stage.startRelay();
    expect(await second.stop()).toBe(0);
  });

  it("can be shared by a pipeline in TypeScript", async () => {
    const { twitchId } = await stage.createVideo();
    const relay = await stage.startRelay();
    const manager = new ConvexManager({
      url: stage.deployment.url,
      apiKey: stage.apiKey,
      outboxPath: join(stage.folder, "outbox.db"),
    });
    await set(relay, twitchId, "Downloading");
    expect(await manager.updateVideoStatus(twitchId, "Transcribing")).toMatchObject({ ok: true });
    await set(relay, twitchId, "Completed");
    await manager.close();
    expect(await relay.stop()).toBe(0);
    expect(await statuses(twitchId)).toEqual([
      "Queued",
      "Downloading",
      "Transcribing",
      "Completed",
    ]);
  });
});

it("a relay that has no token yet says of what it passes on that the backend is away", async () => {
  await stage.deployment.disconnect();
  const relay = await stage.startRelay(["--wait", "1s"]);
  const answer = await call(relay.url, { kind: "query", path: "video:statusCounts", args: {} });
  expect(answer).toMatchObject({ httpStatus: 503, code: "BackendUnavailable" });
  await stage.deployment.reconnect();
  expect(await relay.stop()).toBe(0);
});
