import { formatDuration } from "@klipstream/contract";
import { useMemo } from "react";

import type { VideoEvent } from "../backend/api.ts";
import { formatTick, formatTime, timeZone } from "../time/format.ts";
import { useNow } from "../time/useNow.ts";
import { BarRow, MomentRow } from "./TimelineRow.tsx";
import { buildTimeline, timeTicks } from "./timeline.ts";

/** What the video did when, to scale: a bar for each stage and attempt. */
export function TimelineChart({
  events,
  onSelect,
}: {
  /** Newest first, as they come. */
  events: readonly VideoEvent[];
  onSelect: (eventId: string) => void;
}) {
  const oldestFirst = useMemo(() => [...events].reverse(), [events]);
  const now = useNow();
  const { bars, files, superseded, from, to } = buildTimeline(oldestFirst, now);
  const span = Math.max(1, to - from);
  const position = (at: number) => ((at - from) / span) * 100;
  return (
    <figure aria-label="Timeline" className="space-y-1">
      <div className="grid grid-cols-[7.5rem_minmax(0,1fr)] gap-x-3 sm:grid-cols-[10rem_minmax(0,1fr)]">
        <div />
        <Axis {...{ from, to, position }} />
      </div>
      <ol className="space-y-0.5">
        {bars.map((bar) => (
          <BarRow key={bar.eventId} {...{ bar, now, position, onSelect }} />
        ))}
        {files.length > 0 && <MomentRow name="Files" moments={files} position={position} />}
        {superseded.length > 0 && (
          <MomentRow name="Superseded" moments={superseded} isGrey position={position} />
        )}
      </ol>
      <figcaption className="pt-2 text-xs text-quiet">
        {formatDuration(to - from)} in all, from {formatTime(from)}; times in {timeZone()}.
      </figcaption>
    </figure>
  );
}

function Axis({
  from,
  to,
  position,
}: {
  from: number;
  to: number;
  position: (at: number) => number;
}) {
  const ticks = timeTicks(from, to);
  const stepMs = (ticks[1] ?? to) - (ticks[0] ?? from);
  return (
    <div aria-hidden="true" className="relative mb-1 h-6 border-b">
      {ticks.map((at, index) => (
        <span
          key={at}
          className={`figures absolute bottom-1 -translate-x-1/2 text-[0.6875rem] whitespace-nowrap text-quiet ${index % 2 === 1 ? "max-sm:hidden" : ""}`}
          style={{ left: `${Math.min(96, Math.max(4, position(at)))}%` }}
        >
          {formatTick(at, stepMs)}
        </span>
      ))}
    </div>
  );
}
