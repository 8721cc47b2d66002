import { formatDuration } from "@klipstream/contract";
import { Clock3, Undo2, X } from "lucide-react";

import { STATUS_APPEARANCE } from "../status/appearance.ts";
import { formatClock } from "../time/format.ts";
import type { Bar, Ending, Moment } from "./timeline.ts";

type Scale = {
  /** Where a time stands, in percent of the width. */
  position: (at: number) => number;
  onSelect: (eventId: string) => void;
};

const ROW =
  "grid items-start grid-cols-[7.5rem_minmax(0,1fr)] gap-x-3 sm:grid-cols-[10rem_minmax(0,1fr)]";
const FILLS: Record<Ending, string> = {
  ongoing: "bg-busy-fill",
  done: "bg-good-fill",
  failed: "bg-bad-fill",
  rolledBack: "bg-warn-fill",
};
const ENDINGS: Record<Ending, string> = {
  ongoing: "goes on",
  done: "done",
  failed: "failed",
  rolledBack: "rolled back",
};

/** One stage and attempt: its name, its bar, and below it why it ended badly or began late. */
export function BarRow({ bar, now, position, onSelect }: Scale & { bar: Bar; now: number }) {
  const end = bar.to ?? now;
  const { Icon } = STATUS_APPEARANCE[bar.status];
  const left = position(bar.from);
  const width = Math.max(0.5, position(end) - left);
  const isWaiting = bar.attempt === null;
  const length = end - bar.from < 1_000 ? "< 1 s" : formatDuration(end - bar.from);
  return (
    <li className={`${ROW} group rounded-md py-1 hover:bg-raised`}>
      <button
        type="button"
        onClick={() => onSelect(bar.eventId)}
        className="flex min-h-6 min-w-0 items-center gap-1.5 text-left text-xs"
        aria-label={describeBar(bar, now)}
      >
        <Icon aria-hidden="true" className="size-3.5 shrink-0 text-quiet max-sm:hidden" />
        <span className={`truncate ${isWaiting ? "text-quiet" : "font-medium"}`}>{bar.status}</span>
        {bar.attempt !== null && bar.attempt > 1 && (
          <span className="shrink-0 rounded bg-raised px-1 text-quiet group-hover:bg-surface">
            #{bar.attempt}
          </span>
        )}
      </button>
      <div aria-hidden="true" className="min-w-0">
        <div className="relative h-6">
          {bar.arrivedAt !== null && <Wait {...{ from: left, to: position(bar.arrivedAt) }} />}
          <div
            className={`absolute top-1/2 min-w-1 -translate-y-1/2 rounded-sm ${isWaiting ? "h-1.5 opacity-50" : "h-4"} ${isWaiting && bar.ending !== "ongoing" ? "bg-control" : FILLS[bar.ending]} ${bar.ending === "ongoing" && !isWaiting ? "breathing" : ""}`}
            style={{ left: `${left}%`, width: `${width}%` }}
          />
          <Length {...{ left, width, length }} />
        </div>
        <Remarks bar={bar} />
      </div>
    </li>
  );
}

/** In the bar where there is room, beside it where not. */
function Length({ left, width, length }: { left: number; width: number; length: string }) {
  if (width > 14)
    return (
      <span
        className="figures absolute top-1/2 -translate-y-1/2 pl-1.5 text-[0.6875rem] whitespace-nowrap text-quiet"
        style={{ left: `${Math.min(left + width, 86)}%` }}
      >
        {left + width > 86 ? "" : length}
      </span>
    );
  const isRight = left + width < 80;
  return (
    <span
      className={`figures absolute top-1/2 -translate-y-1/2 px-1.5 whitespace-nowrap text-[0.6875rem] text-quiet ${isRight ? "" : "-translate-x-full"}`}
      style={{ left: `${isRight ? left + width : left}%` }}
    >
      {length}
    </span>
  );
}

/** From when it happened to when it arrived. */
function Wait({ from, to }: { from: number; to: number }) {
  return (
    <div
      className="absolute top-full h-0 border-t-2 border-dotted border-warn-fill"
      style={{ left: `${from}%`, width: `${Math.max(0.5, to - from)}%` }}
    />
  );
}

function Remarks({ bar: { ending, reason, from, arrivedAt } }: { bar: Bar }) {
  return (
    <>
      {(ending === "failed" || ending === "rolledBack") && (
        <p
          className={`flex items-start gap-1 pt-0.5 text-xs ${ending === "failed" ? "text-bad" : "text-warn"}`}
        >
          {ending === "failed" ? (
            <X className="mt-0.5 size-3 shrink-0" />
          ) : (
            <Undo2 className="mt-0.5 size-3 shrink-0" />
          )}
          <span className="line-clamp-2 min-w-0 [overflow-wrap:anywhere]">
            {ending === "failed" ? "Failed" : "Rolled back"}
            {reason !== undefined && `: ${reason}`}
          </span>
        </p>
      )}
      {arrivedAt !== null && (
        <p className="figures flex items-start gap-1 pt-1 text-xs text-warn">
          <Clock3 className="mt-0.5 size-3 shrink-0" />
          <span>
            Happened {formatClock(from, arrivedAt)}, arrived {formatClock(arrivedAt, arrivedAt)}
          </span>
        </p>
      )}
    </>
  );
}

function describeBar({ status, attempt, from, to, ending, reason, arrivedAt }: Bar, now: number) {
  const parts = [
    attempt !== null && attempt > 1 ? `${status} #${attempt}` : status,
    `from ${formatClock(from, now)}`,
    `for ${formatDuration((to ?? now) - from)}`,
    `${ENDINGS[ending]}${reason === undefined ? "" : `: ${reason}`}`,
    ...(arrivedAt === null ? [] : [`reported late, at ${formatClock(arrivedAt, now)}`]),
  ];
  return parts.join(", ");
}

/** Moments of one kind on one line; the list of events has them one by one. */
export function MomentRow({
  name,
  moments,
  isGrey = false,
  position,
}: Pick<Scale, "position"> & { name: string; moments: readonly Moment[]; isGrey?: boolean }) {
  return (
    <li className={`${ROW} rounded-md py-1 hover:bg-raised`}>
      <span className="flex min-h-6 items-center text-xs text-quiet">{name}</span>
      <div role="img" aria-label={moments.map(describeMoment).join("; ")} className="relative h-6">
        {moments.map((moment) => (
          <span
            key={moment.eventId}
            title={describeMoment(moment)}
            className={`absolute top-1/2 size-2.5 -translate-1/2 rotate-45 rounded-[2px] border-2 border-surface ${isGrey ? "bg-control" : moment.arrivedAt === null ? "bg-accent-fill" : "bg-warn-fill"}`}
            style={{ left: `${position(moment.at)}%` }}
          />
        ))}
      </div>
    </li>
  );
}

function describeMoment({ at, arrivedAt, what }: Moment): string {
  const arrived = arrivedAt === null ? "" : `, arrived ${formatClock(arrivedAt, at)}`;
  return `${what}: happened ${formatClock(at, at)}${arrived}`;
}
