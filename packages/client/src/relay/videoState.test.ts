import type { VideoStatus } from "@klipstream/contract";
import { describe, expect, it } from "vitest";

import { createVideo } from "../manager/testMode.ts";
import type { EntryContent } from "../outbox/entry.ts";
import { applyContent, type VideoState } from "./videoState.ts";

const fresh: VideoState = { video: createVideo("recorded-1", "1", 1), earlier: [] };
const meta = { twitchId: "1", updateId: "u", occurredAt: 1 };
const status = (to: VideoStatus): EntryContent => ({
  kind: "update",
  update: { ...meta, status: to },
  createMissing: false,
});
const rollback: EntryContent = { kind: "rollback", rollback: meta };
const after = (...contents: EntryContent[]) =>
  contents.reduce((state, content, index) => applyContent(state, content, index + 2), fresh).video;

describe("a video's state", () => {
  it("takes a status, and when it changed", () => {
    expect(after(status("Downloading"))).toMatchObject({
      status: "Downloading",
      statusChangedAt: 2,
    });
  });

  it("keeps the time of a status that is only repeated", () => {
    expect(after(status("Downloading"), status("Downloading"))).toMatchObject({
      statusChangedAt: 2,
    });
  });

  it("takes URLs beside those that it has", () => {
    const urls = (field: string): EntryContent => ({
      kind: "update",
      update: { ...meta, urls: { [field]: `gs://b/${field}` } },
      createMissing: false,
    });
    expect(after(urls("chatUrl"), urls("transcriptUrl"))).toMatchObject({
      chatUrl: "gs://b/chatUrl",
      transcriptUrl: "gs://b/transcriptUrl",
    });
  });

  it("goes back one status for each rollback, and no further than is known", () => {
    const twice = [status("Downloading"), status("Transcribing"), rollback];
    expect(after(...twice).status).toBe("Downloading");
    expect(after(...twice, rollback, rollback).status).toBe("Queued");
  });
});
