import type {
  ErrorCode,
  Run,
  Update as ReportedUpdate,
  UpdateMeta as ReportedMeta,
  VideoStatus,
} from "@klipstream/contract";

// Two dots in the name: Convex does not deploy this file.

/** The rules of the contract over plain objects, written without a look at the backend's code: what it must do. */
export class ContractModel {
  readonly videos = new Map<string, ModelVideo>();
  readonly receipts = new Map<string, { twitchId: string; content: string }>();
  now: number;

  constructor(now: number) {
    this.now = now;
  }

  create(twitchId: string): boolean {
    if (this.videos.has(twitchId)) return false;
    this.videos.set(twitchId, {
      status: { value: "Queued", at: null },
      urls: {},
      events: [{ kind: "created", to: "Queued", applied: true }],
    });
    return true;
  }

  update(update: Update, createMissing = false): ModelOutcome {
    const reported = {
      to: update.status,
      urls: update.urls,
      reason: update.reason,
      run: update.run,
    };
    const content = JSON.stringify(["updated", ...Object.values(sorted(reported))]);
    const seen = this.seen(update, content);
    if (seen !== null) return seen;
    if (!this.videos.has(update.twitchId) && !createMissing) return "VIDEO_NOT_FOUND";
    const isNew = this.create(update.twitchId);
    const video = this.get(update.twitchId);
    const base = { kind: "updated" as const, ...reported, updateId: update.updateId };
    if (isFenced(video, update.run)) return this.supersede(video, base, content, update.twitchId);
    const tookOver = takeOver(video, update.run);
    const before = { status: video.status.value, failure: video.failure };
    const changes = this.change(video, update, isNew);
    if (changes === "none left") return this.supersede(video, base, content, update.twitchId);
    if (!changes && !tookOver && !isNew) return "unchanged";
    const changed = video.status.value !== before.status;
    video.events.push({
      ...base,
      applied: true,
      ...(changed
        ? { from: before.status, undo: { run: video.run?.id, failure: before.failure } }
        : {}),
    });
    this.remember(update.updateId, update.twitchId, content);
    return "applied";
  }

  rollBack({ twitchId, ...meta }: { twitchId: string } & UpdateMeta): ModelOutcome {
    const video = this.videos.get(twitchId);
    if (video === undefined) return "VIDEO_NOT_FOUND";
    const content = JSON.stringify(["rolledBack", meta.reason, meta.run]);
    const seen = this.seen({ twitchId, ...meta }, content);
    if (seen !== null) return seen;
    const base = {
      kind: "rolledBack" as const,
      reason: meta.reason,
      run: meta.run,
      updateId: meta.updateId,
    };
    const at = this.cap(meta.occurredAt);
    if (isFenced(video, meta.run)) return this.supersede(video, base, content, twitchId);
    if (video.status.at !== null && at < video.status.at) {
      takeOver(video, meta.run);
      return this.supersede(video, base, content, twitchId);
    }
    const run = isNewer(video, meta.run) ? meta.run : video.run;
    const target = video.events.findLast(
      ({ undo, undone }) => undo !== undefined && undone !== true && undo.run === run?.id,
    );
    if (target?.from === undefined) return "NOTHING_TO_ROLL_BACK";
    video.run = run;
    target.undone = true;
    video.events.push({ ...base, from: video.status.value, to: target.from, applied: true });
    video.status = { value: target.from, at };
    video.failure = target.undo?.failure;
    this.remember(meta.updateId, twitchId, content);
    return "applied";
  }

  get(twitchId: string): ModelVideo {
    const video = this.videos.get(twitchId);
    if (video === undefined) throw new Error(`the model has no video ${twitchId}`);
    return video;
  }

  private change(video: ModelVideo, update: Update, isNew: boolean): boolean | "none left" {
    const at = this.cap(update.occurredAt);
    let left = 0;
    let changes = false;
    if (update.status !== undefined && (video.status.at === null || at >= video.status.at)) {
      left += 1;
      if (update.status !== video.status.value) {
        video.failure =
          update.status === "Failed"
            ? { during: video.status.value, reason: update.reason, at }
            : undefined;
        video.status = { value: update.status, at };
        changes = true;
      } else if (isNew) video.status.at = at;
    }
    for (const [field, url] of Object.entries(update.urls ?? {})) {
      const current = video.urls[field];
      if (current !== undefined && at < current.at) continue;
      left += 1;
      if (current?.url === url) continue;
      video.urls[field] = { url, at };
      changes = true;
    }
    return left === 0 ? "none left" : changes;
  }

  private seen({ twitchId, updateId }: { twitchId: string } & UpdateMeta, content: string) {
    const receipt = updateId === undefined ? undefined : this.receipts.get(updateId);
    if (receipt === undefined) return null;
    const isSame = receipt.twitchId === twitchId && receipt.content === content;
    return isSame ? "duplicate" : "UPDATE_ID_REUSED";
  }

  private supersede(
    video: ModelVideo,
    event: Omit<ModelEvent, "applied">,
    ...[content, twitchId]: [string, string]
  ): ModelOutcome {
    video.events.push({ ...event, applied: false });
    this.remember(event.updateId, twitchId, content);
    return "superseded";
  }

  private remember(updateId: string | undefined, twitchId: string, content: string): void {
    if (updateId !== undefined) this.receipts.set(updateId, { twitchId, content });
  }

  private cap(occurredAt: number | undefined): number {
    return Math.min(occurredAt ?? this.now, this.now);
  }
}

export type UpdateMeta = Omit<ReportedMeta, "run"> & { run?: Run | undefined };
export type Update = Omit<ReportedUpdate, "run"> & UpdateMeta;

export type ModelOutcome = "applied" | "unchanged" | "duplicate" | "superseded" | ErrorCode;

type ModelFailure = { during: VideoStatus; reason: string | undefined; at: number };

export type ModelEvent = Pick<Update, "urls" | "reason" | "run" | "updateId"> & {
  kind: "created" | "updated" | "rolledBack";
  from?: VideoStatus;
  to?: VideoStatus | undefined;
  applied: boolean;
  undone?: boolean;
  undo?: { run: string | undefined; failure: ModelFailure | undefined };
};

export type ModelVideo = {
  /** `at` is null for the status of a creation. */
  status: { value: VideoStatus; at: number | null };
  urls: Record<string, { url: string; at: number }>;
  run?: Run | undefined;
  failure?: ModelFailure | undefined;
  events: ModelEvent[];
};

function isFenced(video: ModelVideo, run: Run | undefined): boolean {
  return run !== undefined && video.run !== undefined && run.startedAt < video.run.startedAt;
}

function isNewer(video: ModelVideo, run: Run | undefined): boolean {
  return run !== undefined && (video.run === undefined || run.startedAt > video.run.startedAt);
}

function takeOver(video: ModelVideo, run: Run | undefined): boolean {
  if (!isNewer(video, run)) return false;
  video.run = run;
  return true;
}

function sorted<T extends { urls?: Update["urls"] }>(reported: T) {
  const urls = Object.entries(reported.urls ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return { ...reported, urls };
}
