import type { ErrorCode, Run, Update, UpdateMeta, VideoStatus } from "@klipstream/contract";

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
      status: "Queued",
      changedAt: null,
      urls: {},
      marks: {},
      decided: {},
      runs: [],
      events: [{ kind: "created", to: "Queued", applied: true }],
    });
    return true;
  }

  /** An update that is refused by an error, by which the number in its source is not remembered either. */
  updateOrThrow(update: Update): ModelOutcome {
    const decided = { ...this.videos.get(update.twitchId)?.decided };
    const outcome = this.update(update);
    const video = this.videos.get(update.twitchId);
    if (outcome === "UPDATE_ID_REUSED" && video !== undefined) video.decided = decided;
    return outcome;
  }

  update(update: Update, createMissing = false): ModelOutcome {
    const reported = { to: update.status, urls: update.urls, reason: update.reason };
    const content = JSON.stringify(["updated", ...Object.values(sorted(reported)), update.run?.id]);
    if (!this.videos.has(update.twitchId) && (!createMissing || this.receipt(update) !== undefined))
      return this.seen(update, content) ?? "VIDEO_NOT_FOUND";
    const isNew = this.create(update.twitchId);
    const video = this.get(update.twitchId);
    const wasDecided = isDecided(video, update);
    const seen = this.seen(update, content);
    if (seen !== null) return seen;
    if (wasDecided) return "superseded";
    const { run, isOlder, takesOver } = this.meet(video, update);
    const event = { kind: "updated" as const, ...reported, run, updateId: update.updateId };
    const before = { status: video.status, failure: video.failure };
    const fields = isOlder ? [] : this.fieldsInOrder(video, update);
    if (fields.length === 0) return this.supersede(video, event, [content, update.twitchId]);
    const changes = this.change(video, fields, update);
    if (changes || takesOver || isNew || update.source !== undefined)
      for (const field of fields) video.marks[field] = this.mark(update);
    if (isNew && update.status !== undefined) video.changedAt ??= this.shownAt(update);
    if (!changes && !takesOver && !isNew) return "unchanged";
    const undo = { run: currentRun(video)?.id, failure: before.failure };
    const changed = video.status === before.status ? {} : { from: before.status, undo };
    video.events.push({ ...event, applied: true, ...changed });
    this.remember(update.updateId, update.twitchId, content);
    return "applied";
  }

  rollBack({ twitchId, ...meta }: { twitchId: string } & UpdateMeta): ModelOutcome {
    const video = this.videos.get(twitchId);
    if (video === undefined) return "VIDEO_NOT_FOUND";
    const content = JSON.stringify(["rolledBack", meta.reason, meta.run?.id]);
    const wasDecided = isDecided(video, meta);
    const seen = this.seen({ twitchId, ...meta }, content);
    if (seen !== null) return seen;
    if (wasDecided) return "superseded";
    const runsBefore = [...video.runs];
    const { run, isOlder } = this.meet(video, meta);
    const { reason, updateId } = meta;
    const event = { kind: "rolledBack" as const, reason, run, updateId };
    if (isOlder || !this.isInOrder(video, "status", meta))
      return this.supersede(video, event, [content, twitchId]);
    const target = video.events.findLast(
      ({ undo, undone }) =>
        undo !== undefined && undone !== true && undo.run === currentRun(video)?.id,
    );
    if (target?.from === undefined) {
      video.runs = runsBefore;
      return "NOTHING_TO_ROLL_BACK";
    }
    target.undone = true;
    video.events.push({ ...event, from: video.status, to: target.from, applied: true });
    video.status = target.from;
    video.changedAt = this.shownAt(meta);
    video.marks["status"] = this.mark(meta);
    video.failure = target.undo?.failure;
    this.remember(meta.updateId, twitchId, content);
    return "applied";
  }

  get(twitchId: string): ModelVideo {
    const video = this.videos.get(twitchId);
    if (video === undefined) throw new Error(`the model has no video ${twitchId}`);
    return video;
  }

  /** Remembers a run as it is first said to be; the newest of those that were met is the video's. */
  private meet(video: ModelVideo, { run, source }: UpdateMeta) {
    if (run === undefined) return { run: undefined, isOlder: false, takesOver: false };
    const before = currentRun(video);
    if (!video.runs.some(({ id }) => id === run.id)) {
      const said = this.past(run.ageMs) ?? this.cap(run.startedAt);
      // All that happens here happens within the time that a request may be under way.
      const follows = source !== undefined && before?.sourceId === source.id;
      const startedAt = follows ? Math.max(said, before.startedAt) : said;
      video.runs.push({ id: run.id, startedAt, sourceId: source?.id });
    }
    const isOlder = currentRun(video)?.id !== run.id;
    const known = video.runs.find(({ id }) => id === run.id);
    return {
      run: known && withoutSource(known),
      isOlder,
      takesOver: !isOlder && before?.id !== run.id,
    };
  }

  private fieldsInOrder(video: ModelVideo, update: Update): string[] {
    const fields = [...(update.status ? ["status"] : []), ...Object.keys(update.urls ?? {})];
    return fields.filter((field) => this.isInOrder(video, field, update));
  }

  private isInOrder(video: ModelVideo, field: string, meta: UpdateMeta): boolean {
    const mark = video.marks[field];
    const moment = this.moment(meta);
    if (mark === undefined || moment === null || moment >= mark.at) return true;
    if (meta.source !== undefined && meta.source.id === mark.sourceId) return true;
    return meta.run !== undefined && mark.runId !== undefined && meta.run.id !== mark.runId;
  }

  private change(video: ModelVideo, fields: string[], update: Update): boolean {
    let changes = false;
    if (fields.includes("status") && update.status && update.status !== video.status) {
      const at = this.shownAt(update);
      const { reason } = update;
      video.failure = update.status === "Failed" ? { during: video.status, reason, at } : undefined;
      [video.status, video.changedAt] = [update.status, at];
      changes = true;
    }
    for (const [field, url] of Object.entries(update.urls ?? {})) {
      if (!fields.includes(field) || video.urls[field] === url) continue;
      video.urls[field] = url;
      changes = true;
    }
    return changes;
  }

  private receipt({ updateId }: UpdateMeta) {
    return updateId === undefined ? undefined : this.receipts.get(updateId);
  }

  private seen({ twitchId, ...meta }: { twitchId: string } & UpdateMeta, content: string) {
    const receipt = this.receipt(meta);
    if (receipt === undefined) return null;
    const isSame = receipt.twitchId === twitchId && receipt.content === content;
    return isSame ? "duplicate" : "UPDATE_ID_REUSED";
  }

  private supersede(
    video: ModelVideo,
    event: Omit<ModelEvent, "applied">,
    [content, twitchId]: [string, string],
  ): ModelOutcome {
    video.events.push({ ...event, applied: false });
    this.remember(event.updateId, twitchId, content);
    return "superseded";
  }

  private remember(updateId: string | undefined, twitchId: string, content: string): void {
    if (updateId !== undefined) this.receipts.set(updateId, { twitchId, content });
  }

  private mark(meta: UpdateMeta): ModelMark {
    const at = this.moment(meta) ?? this.now;
    return { at, sourceId: meta.source?.id, runId: meta.run?.id };
  }

  private moment({ ageMs, source, occurredAt }: UpdateMeta): number | null {
    return this.past(ageMs) ?? (source === undefined ? this.cap(occurredAt) : null);
  }

  private shownAt(meta: UpdateMeta): number {
    return this.cap(meta.occurredAt ?? this.moment(meta) ?? undefined);
  }

  private past(ageMs: number | undefined): number | null {
    return ageMs === undefined ? null : Math.max(0, this.now - ageMs);
  }

  private cap(time: number | undefined): number {
    return Math.min(time ?? this.now, this.now);
  }
}

export type ModelOutcome = "applied" | "unchanged" | "duplicate" | "superseded" | ErrorCode;

type ModelFailure = { during: VideoStatus; reason: string | undefined; at: number };
type ModelRun = Run & { sourceId: string | undefined };
type ModelMark = { at: number; sourceId: string | undefined; runId: string | undefined };

export type ModelEvent = Pick<Update, "urls" | "reason" | "updateId"> & {
  kind: "created" | "updated" | "rolledBack";
  run?: Run | undefined;
  from?: VideoStatus;
  to?: VideoStatus | undefined;
  applied: boolean;
  undone?: boolean;
  undo?: { run: string | undefined; failure: ModelFailure | undefined };
};

export type ModelVideo = {
  status: VideoStatus;
  /** Null for the status of a creation. */
  changedAt: number | null;
  urls: Record<string, string>;
  marks: Record<string, ModelMark>;
  /** The highest number of each source. */
  decided: Record<string, number>;
  /** In the order in which they were met. */
  runs: ModelRun[];
  failure?: ModelFailure | undefined;
  events: ModelEvent[];
};

/** The one that started last; of several, the one that was met last. */
export function currentRun({ runs }: ModelVideo): ModelRun | undefined {
  return runs.toSorted((a, b) => a.startedAt - b.startedAt).at(-1);
}

export function withoutSource({ id, startedAt }: ModelRun): Run {
  return { id, startedAt };
}

/** Whether the source got further than this number, which is remembered from now on. */
function isDecided(video: ModelVideo, { source }: UpdateMeta): boolean {
  if (source === undefined) return false;
  const highest = video.decided[source.id] ?? 0;
  video.decided[source.id] = Math.max(highest, source.sequence);
  return source.sequence <= highest;
}

function sorted<T extends { urls?: Update["urls"] }>(reported: T) {
  const urls = Object.entries(reported.urls ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return { ...reported, urls };
}
