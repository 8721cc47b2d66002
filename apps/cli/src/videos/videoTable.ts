import { formatDuration, STATUS_COMPLETED, STATUS_FAILED } from "@klipstream/contract";

import type { Column } from "../output/table.ts";
import { formatTime, type Paint, type Tone } from "../output/text.ts";
import type { ListedVideo, VideoEvent, VideoProgress } from "./videos.ts";

export type VideoRow = { video: ListedVideo; progress: VideoProgress | undefined };

/** The columns of a list of videos. */
export function videoColumns(paint: Paint, now: number): Column<VideoRow>[] {
  return [
    { header: "VIDEO", value: ({ video }) => video.twitchId },
    {
      header: "STATUS",
      value: ({ video }) => video.status,
      paint: ({ video }, cell) => paint(toneOf(video), cell),
    },
    { header: "FOR", value: ({ video }) => formatDuration(now - video.statusChangedAt) },
    { header: "PROGRESS", value: describeProgress },
    { header: "NOTE", value: ({ video }) => describeTrouble(video, now), shrink: "end" },
    { header: "TITLE", value: ({ video }) => video.title ?? "", shrink: "end" },
  ];
}

/** The columns of a list of events. */
export function eventColumns(): Column<VideoEvent>[] {
  return [
    { header: "HAPPENED", value: ({ occurredAt }) => formatTime(occurredAt) },
    { header: "EVENT", value: ({ kind }) => kind },
    { header: "CHANGE", value: describeChange, shrink: "end" },
    { header: "BY", value: ({ actor }) => actor, shrink: "end" },
    { header: "NOTE", value: describeEventNote, shrink: "end" },
  ];
}

export function toneOf({ status, stalledSince }: { status: string; stalledSince?: number }): Tone {
  if (status === STATUS_FAILED) return "bad";
  if (stalledSince !== undefined) return "warn";
  return status === STATUS_COMPLETED ? "good" : "strong";
}

/** What went wrong with a video, in words. */
export function describeTrouble({ failure, stalledSince }: ListedVideo, now: number): string {
  if (failure !== undefined)
    return `in ${failure.during}${failure.reason === undefined ? "" : `: ${failure.reason}`}`;
  return stalledSince === undefined ? "" : `stalled for ${formatDuration(now - stalledSince)}`;
}

function describeProgress({ progress }: VideoRow): string {
  return progress === undefined ? "" : `${Math.round(progress.percent)} %`;
}

export function describeChange({ from, to, urls }: VideoEvent): string {
  const status = to === undefined ? [] : [from === undefined ? to : `${from} -> ${to}`];
  return [...status, ...Object.keys(urls ?? {})].join(", ");
}

/** What to know of an event besides its change: superseded, undone, arrived late, and its reason. */
export function describeEventNote(event: VideoEvent): string {
  const lateMs = event.receivedAt - event.occurredAt;
  const notes = [
    event.applied ? "" : "superseded",
    event.undone === true ? "undone" : "",
    lateMs >= 60_000 ? `arrived ${formatDuration(lateMs)} later` : "",
    event.reason ?? "",
  ];
  return notes.filter((note) => note !== "").join("; ");
}
