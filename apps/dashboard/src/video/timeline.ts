import { STATUS_COMPLETED, STATUS_FAILED, type VideoStatus } from "@klipstream/contract";

import type { VideoEvent } from "../backend/api.ts";
import { isStage } from "../status/appearance.ts";
import { lateness } from "./lateness.ts";

/** How a stretch of time in one status ended. */
export type Ending = "ongoing" | "done" | "failed" | "rolledBack";

/** A stretch of time in one status, to be drawn as a bar. */
export type Bar = {
  /** The event that began it. */
  eventId: string;
  status: VideoStatus;
  /** 1, 2, ...: the how manieth time the video worked in this status; null where it only waited in it. */
  attempt: number | null;
  from: number;
  /** Null while it goes on. */
  to: number | null;
  ending: Ending;
  /** Why it failed or was rolled back. */
  reason: string | undefined;
  /** When the update that began it arrived, where that was late. */
  arrivedAt: number | null;
};

/** A moment on the time line. */
export type Moment = { eventId: string; at: number; arrivedAt: number | null; what: string };

export type Timeline = {
  bars: Bar[];
  /** When output files were reported. */
  files: Moment[];
  /** Updates that came too late to change anything. */
  superseded: Moment[];
  from: number;
  to: number;
};

/**
 * Works out from a video's events what it did when.
 *
 * @param events - Oldest first.
 * @param now - Milliseconds since the epoch: how far what goes on reaches.
 */
export function buildTimeline(events: readonly VideoEvent[], now: number): Timeline {
  const builder = new TimelineBuilder();
  for (const event of events) builder.add(event);
  return builder.finish(now);
}

class TimelineBuilder {
  readonly #bars: Bar[] = [];
  readonly #files: Moment[] = [];
  readonly #superseded: Moment[] = [];
  readonly #attempts = new Map<VideoStatus, number>();

  add(event: VideoEvent): void {
    if (!event.applied) this.#superseded.push(momentOf(event, describeReport(event)));
    else {
      if (event.urls !== undefined)
        this.#files.push(momentOf(event, Object.keys(event.urls).join(", ")));
      if (event.to !== undefined && (event.from !== undefined || event.kind === "created"))
        this.#change(event, event.to);
    }
  }

  finish(now: number): Timeline {
    const moments = [...this.#files, ...this.#superseded].flatMap(({ at, arrivedAt }) => [
      at,
      arrivedAt ?? at,
    ]);
    const ends = this.#bars.flatMap((bar) => [bar.from, bar.to ?? now, bar.arrivedAt ?? bar.from]);
    const times = [...moments, ...ends];
    return {
      bars: this.#bars,
      files: this.#files,
      superseded: this.#superseded,
      from: times.length === 0 ? now : Math.min(...times),
      to: times.length === 0 ? now : Math.max(...times),
    };
  }

  #change(event: VideoEvent, to: VideoStatus): void {
    const at = this.#end(event, to);
    if (to === STATUS_COMPLETED || to === STATUS_FAILED) return;
    // A rollback brings a status back; nobody works in it until the next report.
    const isWork = isStage(to) && event.kind === "updated";
    this.#bars.push({
      eventId: event._id,
      status: to,
      attempt: isWork ? this.#nextAttempt(to) : null,
      from: at,
      to: null,
      ending: "ongoing",
      reason: undefined,
      arrivedAt: momentOf(event, "").arrivedAt,
    });
  }

  /** Ends the last bar, and returns when: never before it began, whatever the reporters' clocks say. */
  #end(event: VideoEvent, to: VideoStatus): number {
    const last = this.#bars.at(-1);
    if (last === undefined) return event.occurredAt;
    const at = Math.max(last.from, event.occurredAt);
    const isRollback = event.kind === "rolledBack";
    if (last.to === null) {
      last.to = at;
      last.ending = isRollback ? "rolledBack" : to === STATUS_FAILED ? "failed" : "done";
    } else if (isRollback) last.ending = "rolledBack";
    if (last.ending === "rolledBack" || last.ending === "failed")
      last.reason = event.reason ?? last.reason;
    return at;
  }

  #nextAttempt(status: VideoStatus): number {
    const attempt = (this.#attempts.get(status) ?? 0) + 1;
    this.#attempts.set(status, attempt);
    return attempt;
  }
}

function momentOf(event: VideoEvent, what: string): Moment {
  const { _id: eventId, occurredAt: at, receivedAt } = event;
  return { eventId, at, arrivedAt: lateness(event) === null ? null : receivedAt, what };
}

/** What an event reported: `Transcribing`, `chatUrl`, `Rolled back`. */
export function describeReport({ kind, to, urls }: VideoEvent): string {
  if (kind === "rolledBack") return "Rolled back";
  return [...(to === undefined ? [] : [to]), ...Object.keys(urls ?? {})].join(", ");
}

const STEPS_MS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
  172_800, 432_000, 864_000,
].map((seconds) => seconds * 1_000);
const MOST_TICKS = 6;

/** Round times between two others, for the axis: at most six. */
export function timeTicks(from: number, to: number): number[] {
  const step =
    STEPS_MS.find((each) => (to - from) / each <= MOST_TICKS) ?? (to - from) / MOST_TICKS;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to && step > 0; at += step) ticks.push(at);
  return ticks;
}
